"""A run as a graph of its steps: where each lies, how it stands, what leads to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step

NODE_WIDTH, NODE_HEIGHT = 172, 34  # pixels
_COLUMN, _ROW, _MARGIN = 232, 44, 6
_LONGEST = 22  # letters of a name that fit into a node
STARTED, WAITING = "running or next", "waiting"
_TONES = {"passed": "good", "cached": "quiet", "skipped": "quiet", "failed": "bad", WAITING: "idle"}


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    """A step. state: its outcome; before it has one, whether all that it needs has ended.

    x, y: its upper left corner, in pixels. label: its name as far as it fits.
    """

    name: str
    label: str
    stage: str
    state: str
    tone: str
    seconds: float
    reason: str
    needs: tuple[str, ...]
    x: int
    y: int


@dataclass(frozen=True)
class StepGraph:
    """nodes, by columns. edges: paths from a step to what needs it. width, height: pixels."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[str, ...]
    width: int
    height: int

    def count(self, *states: str) -> int:
        """How many steps are in one of the states."""
        return sum(node.state in states for node in self.nodes)

    @property
    def ended(self) -> int:
        """How many steps have an outcome."""
        return len(self.nodes) - self.count(STARTED, WAITING)


def step_graph(steps: Sequence[Step], ended: Sequence[StepResult], *, alive: bool) -> StepGraph:
    """Lay out a run that may not be at its end.

    steps: the pipeline. ended: what the record has of the run; a step that the pipeline does not
    have any more is drawn, too. alive: whether anything is still started.
    """
    results = {result.step: result for result in ended}
    needs: dict[str, tuple[str, ...]] = {result.step: result.needs for result in ended}
    needs |= {step.name: step.needs for step in steps}
    stages = {result.step: result.stage for result in ended}
    stages |= {step.name: step.stage for step in steps}
    direct = {name: tuple(n for n in these if n in needs) for name, these in needs.items()}
    places = _places(direct)
    nodes = tuple(
        _node(name, stages[name], results, direct[name], place, alive=alive)
        for name, place in sorted(places.items(), key=lambda item: item[1])
    )
    right = max((node.x for node in nodes), default=0) + NODE_WIDTH + _MARGIN
    bottom = max((node.y for node in nodes), default=0) + NODE_HEIGHT + _MARGIN
    return StepGraph(nodes, tuple(_edges(nodes, direct)), right, bottom)


def _node(
    name: str,
    stage: str,
    results: Mapping[str, StepResult],
    needs: tuple[str, ...],
    place: tuple[int, int],
    *,
    alive: bool,
) -> GraphNode:
    result = results.get(name)
    state = result.outcome.value if result else WAITING
    if result is None and alive and all(need in results for need in needs):
        state = STARTED
    took = result.seconds if result and result.outcome is not Outcome.UPSTREAM_FAILED else 0.0
    label = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return GraphNode(
        name=name,
        label=label,
        stage=stage,
        state=state,
        tone=_TONES.get(state, "unsure" if result else "live"),
        seconds=took,
        reason=result.reason if result else "",
        needs=needs,
        x=place[0] * _COLUMN + _MARGIN,
        y=place[1] * _ROW + _MARGIN,
    )


def _places(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, int]]:
    """Column and row of each step: to the right of all that it needs, beside them where it can."""
    depths: dict[str, int] = {}
    for _ in needs:  # a graph without a circle is done after as many rounds as it is deep
        changed = False
        for name, these in needs.items():
            depth = 1 + max((depths.get(need, 0) for need in these), default=-1)
            changed |= depths.get(name) != depth
            depths[name] = depth
        if not changed:
            break
    columns: dict[int, list[str]] = {}
    for name in needs:
        columns.setdefault(depths[name], []).append(name)
    rows: dict[str, int] = {}
    for _, names in sorted(columns.items()):
        names.sort(key=lambda name: _middle([rows[n] for n in needs[name] if n in rows]))
        rows.update({name: row for row, name in enumerate(names)})
    return {name: (depths[name], rows[name]) for name in needs}


def _middle(rows: Sequence[int]) -> float:
    return sum(rows) / len(rows) if rows else 0.0


def _edges(nodes: Sequence[GraphNode], needs: Mapping[str, Sequence[str]]) -> list[str]:
    """An edge that another path says already is left out."""
    placed = {node.name: node for node in nodes}
    behind: dict[str, set[str]] = {}
    for node in nodes:  # by columns: needs come before
        direct = needs[node.name]
        behind[node.name] = {*direct, *(far for need in direct for far in behind.get(need, ()))}
    paths = []
    for node in nodes:
        direct = needs[node.name]
        for need in direct:
            if any(need in behind.get(other, ()) for other in direct):
                continue
            start = placed[need]
            left, right = start.x + NODE_WIDTH, node.x
            first, last = start.y + NODE_HEIGHT // 2, node.y + NODE_HEIGHT // 2
            bend = left + 30
            paths.append(f"M{left} {first}C{bend} {first} {right - 30} {last} {right} {last}")
    return paths
