"""Looking and removing: what AWS refuses is told, and the rest is done all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from botocore.exceptions import ClientError
from tests.cleanup.aws.account import premises

from shipway.cleanup.aws_orphans import orphan_kinds, remove_orphans, scan_orphans
from shipway.cleanup.retention import Orphan, ResourcesInUse

ONE, OTHER = Orphan("thing", "one", "idle"), Orphan("thing", "other", "idle")


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, operation)


@dataclass
class Things:
    """Leftovers in memory. stays: ids that AWS does not let go, refused: for which it says so."""

    there: list[Orphan]
    stays: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    hidden: bool = False
    name: str = "thing"
    removed: list[str] = field(default_factory=list)

    def find(self) -> Iterator[Orphan]:
        if self.hidden:
            raise denied("DescribeThings")
        yield from self.there

    def remove(self, resource: Orphan) -> bool:
        if resource.id in self.refused:
            raise denied("DeleteThing")
        if resource.id in self.stays:
            return False
        self.removed.append(resource.id)
        return True


def test_what_cannot_be_looked_at_is_named_and_the_rest_is_found() -> None:
    looked = scan_orphans([Things([ONE], hidden=True, name="hidden"), Things([OTHER])])
    assert looked.found == (OTHER,)
    assert list(looked.unseen) == ["hidden"]
    assert "may not DescribeThings" in looked.unseen["hidden"]


def test_one_that_is_refused_does_not_keep_the_others() -> None:
    things = Things([ONE, OTHER], refused=("one",))
    gone, problems = remove_orphans([things], [ONE, OTHER])
    assert gone == [OTHER]
    assert things.removed == ["other"]
    assert "may not DeleteThing" in problems[0]


def test_what_stayed_has_not_gone() -> None:
    assert remove_orphans([Things([ONE], stays=("one",))], [ONE]) == ([], [])


def test_only_what_was_shown_and_is_still_idle_is_removed() -> None:
    things = Things([OTHER])  # the one is needed by now, and the other was never shown
    assert remove_orphans([things], [ONE]) == ([], [])
    assert things.removed == []


def test_without_knowing_what_is_needed_images_and_definitions_are_not_looked_at() -> None:
    few = {kind.name for kind in orphan_kinds(premises(), None)}
    more = {kind.name for kind in orphan_kinds(premises(), ResourcesInUse())}
    assert more - few == {"image", "task definition"}
