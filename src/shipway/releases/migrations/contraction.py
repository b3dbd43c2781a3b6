"""What a migration takes away from releases that do not know it."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, field

# What the migrations between two releases have made themselves: the older one knows none of it.


@dataclass(frozen=True)
class ContractionRemark:
    """What an operation takes away; unknown: it cannot be read."""

    what: str
    unknown: bool = False


@dataclass(frozen=True)
class NewColumn:
    """A column that the older release does not name when it inserts a row."""

    nullable: bool = True
    filled: bool = False  # by the database: it has a server default

    @property
    def stays_null(self) -> bool:
        """Whether a row of the older release has NULL there."""
        return self.nullable and not self.filled


@dataclass
class MigrationWindow:
    """Tables, and columns of old tables, that are new since the older release."""

    tables: set[str] = field(default_factory=set)
    columns: dict[tuple[str, str], NewColumn] = field(default_factory=dict)

    def add_table(self, name: str) -> None:
        """A new table; one whose name is worked out could be any."""
        if "<" not in name:
            self.tables.add(name)

    def add_column(self, table: str, name: str, column: NewColumn) -> None:
        """A new column of an old table; likewise."""
        if "<" not in table + name:
            self.columns[(table, name)] = column

    def exempt(self, table: str, columns: Iterable[str]) -> bool:
        """Whether a unique or foreign key over these columns leaves the older release alone.

        In SQL a NULL is equal to nothing and refers to nothing; one is enough.
        """
        matches = (self.columns.get((table, column)) for column in columns)
        return any(column is not None and column.stays_null for column in matches)

    def rename_table(self, old: str, new: str) -> bool:
        """Take note; whether the older release knows the table by its old name."""
        if old in self.tables:
            self.tables.discard(old)
            self.add_table(new)
            return False
        return True

    def rename_column(self, table: str, old: str, new: str) -> bool:
        """Take note; whether the older release knows the column by its old name."""
        if (table, old) in self.columns:
            self.add_column(table, new, self.columns.pop((table, old)))
            return False
        return True

    def copy(self) -> MigrationWindow:
        """To try a branch of the code with."""
        return MigrationWindow(set(self.tables), dict(self.columns))

    def keep_common(self, *branches: MigrationWindow) -> None:
        """Go on with what is new whichever branch was taken."""
        self.tables = set.intersection(*(branch.tables for branch in branches))
        first, *others = branches
        self.columns = {
            key: column
            for key, column in first.columns.items()
            if all(branch.columns.get(key) == column for branch in others)
        }


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


class SafeComments:
    """The comments of a script that call an operation safe."""

    def __init__(self, text: str) -> None:
        self._reasons: dict[int, str] = {}
        self._comments: set[int] = set()  # lines that hold a comment and nothing else
        for token in _comments(text):
            line = token.start[0]
            if not token.line[: token.start[1]].strip():
                self._comments.add(line)
            if match := _SAFE.match(token.string):
                self._reasons[line] = match[1]

    def reason(self, first: int, last: int) -> str:
        """Why the operation on these lines is safe: said on one of them, or right above."""
        while first - 1 in self._comments:
            first -= 1
        reasons = (self._reasons.get(line, "") for line in range(first, last + 1))
        return next(filter(None, reasons), "")


def _comments(text: str) -> list[tokenize.TokenInfo]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [token for token in tokens if token.type == tokenize.COMMENT]
