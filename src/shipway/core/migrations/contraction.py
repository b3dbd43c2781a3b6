"""What a migration takes away from releases that do not know it."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass

_SAFE = re.compile(r"#\s*shipway:\s*contract-safe:\s*(\S.*?)\s*$")


@dataclass(frozen=True)
class Contraction:
    """One thing that a release may trip over which was made before this migration.

    what: in words, without file names. unknown: the code cannot be read, so nobody says that it
    takes something away, nor that it does not. safe: why a person calls it safe (the comment
    `# shipway: contract-safe: REASON` at the operation); empty when nobody does.
    """

    what: str
    revision: str = ""
    unknown: bool = False
    safe: str = ""

    @property
    def words(self) -> str:
        """`drops column candidate.age (revision 3f2a)`."""
        where = f" (revision {self.revision})" if self.revision else ""
        return f"{self.what}{where}" + (f", called safe: {self.safe}" if self.safe else "")


class Marks:
    """The comments of a script that call an operation safe."""

    def __init__(self, text: str) -> None:
        self._reasons: dict[int, str] = {}
        self._comments: set[int] = set()  # lines that hold a comment and nothing else
        for token in _comments(text):
            line = token.start[0]
            if not token.line[: token.start[1]].strip():
                self._comments.add(line)
            if found := _SAFE.match(token.string):
                self._reasons[line] = found[1]

    def reason(self, first: int, last: int) -> str:
        """Why the operation on these lines is safe: said on one of them, or right above."""
        while first - 1 in self._comments:
            first -= 1
        found = (self._reasons.get(line, "") for line in range(first, last + 1))
        return next(filter(None, found), "")


def _comments(text: str) -> list[tokenize.TokenInfo]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [token for token in tokens if token.type == tokenize.COMMENT]
