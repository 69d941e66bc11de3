"""Holds a graph against the runs of its program: nothing missing, nothing too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from flake8_cancel.code.graph import edges, points
from flake8_cancel.code.graph.edges import Step
from flake8_cancel.code.graph.points import State
from tests.flow.driver import explore
from tests.flow.events import CANCELLED, CLOSED, DEADLINE, ENDED, SUSPENDED, YIELDED, Event, Outcome, Record, Symbol
from tests.flow.loop import Loop, undisturbed
from tests.flow.naming import end_name, label_at, timeout_labels
from tests.flow.program import MANAGER, Program

Steps = Callable[[State], Iterable[Step]]

# Every setting of so many bits is run, by how often a run is cancelled at most.
ALL_BITS = {1: 6, 2: 4}
# Up to so many are tried where some edge is still to be walked.
MOST_BITS = 14
# After so many suspensions a run is taken to go on for ever; the second number is for what needs many turns of a loop.
SUSPENSIONS = (16, 40)

_STRIKES = {edges.CANCELLED: CANCELLED, edges.DEADLINE: DEADLINE, edges.CLOSED: CLOSED}


class Node(NamedTuple):
    """A state of the graph in the course of a run.

    Attributes:
        state: the state.
        struck: how often the program was cancelled so far.
        line: the line reached last: coming to it again from itself is not reported.
    """

    state: State
    struck: int
    line: int


class Edge(NamedTuple):
    """A way from one node to the next, and what a run shows of it, if anything."""

    source: Node
    symbol: Symbol | None
    target: Node | None


class Way(NamedTuple):
    """An edge without the lines: what must be walked by some run."""

    source: State
    struck: int
    kind: str
    target: State | None


class Automaton:
    """The graph as what it is to be compared as: something that reads runs.

    Args:
        program: the program.
        start: the state where its function begins.
        steps: the edges out of a state.
        strikes: how often a run is cancelled, at most.
    """

    def __init__(self, program: Program, start: State, steps: Steps, strikes: int) -> None:
        self._program = program
        self._steps = steps
        self._strikes = strikes
        self._start = Node(start, 0, 0)
        self._out: dict[Node | None, list[Edge]] = {None: []}
        waiting = [self._start]
        for node in waiting:
            if node not in self._out:
                self._out[node] = list(self._edges(node))
                waiting.extend(edge.target for edge in self._out[node] if edge.target)
        self._unwalked = {_way(edge) for out in self._out.values() for edge in out}
        self._outcomes = self._all_outcomes()
        self._unseen = set(self._outcomes)
        self._read: set[tuple[Symbol, ...]] = set()

    def read(self, record: Record) -> str | None:
        """Hold a run against the graph, and note what it shows of it.

        Args:
            record: the run.

        Returns:
            None, or what the graph does not have, in words.
        """
        if record.outcomes - self._outcomes:
            return f"the graph has not these outcomes of a run: {sorted(record.outcomes - self._outcomes, key=str)}"
        self._unseen -= record.outcomes
        if record.word in self._read:
            return None
        self._read.add(record.word)
        position = self._walk(record.word)
        if position is None:
            return None
        return f"this run leaves the graph at its item {position}:\n" + "\n".join(map(str, record.word))

    def missing(self) -> list[str]:
        """Return what no run has shown so far: outcomes and edges of the graph, in words."""
        return sorted(map(str, self._unseen)) + sorted(map(_in_words, self._unwalked))

    def _walk(self, word: Iterable[Symbol]) -> int | None:
        """Walk a run along the edges and note those it may have taken; return how far it is a walk when it is none."""
        layers = [self._silently({self._start})]
        steps: list[list[Edge]] = []
        for position, symbol in enumerate(word):
            taken = [edge for node in layers[-1] for edge in self._out[node] if edge.symbol == symbol]
            if not taken:
                return position
            steps.append(taken)
            layers.append(self._silently({edge.target for edge in taken}))
        self._note(layers, steps)
        return None

    def _all_outcomes(self) -> set[Outcome]:
        """Return what may come of each strike: the line where the program goes on, or the name of what it raises."""
        found: set[Outcome] = set()
        for edge in [edge for out in self._out.values() for edge in out]:
            if not (isinstance(edge.symbol, Event) and edge.target and edge.symbol.kind in _STRIKES.values()):
                continue
            struck = edge.source.struck
            found |= {(struck, edge.symbol, result) for result in self._results(edge.target)}
        return found

    def _silently(self, nodes: set[Node | None]) -> set[Node | None]:
        reached, waiting = set(nodes), list(nodes)
        while waiting:
            for edge in self._out[waiting.pop()]:
                if edge.symbol is None and edge.target not in reached:
                    reached.add(edge.target)
                    waiting.append(edge.target)
        return reached

    def _note(self, layers: list[set[Node | None]], steps: list[list[Edge]]) -> None:
        """Note the edges on the walks that read the whole run, from its end backwards."""
        alive = layers[-1]
        for index in range(len(layers) - 1, -1, -1):
            before = layers[index]
            backwards = defaultdict(list)
            for node in before:
                for edge in self._out[node]:
                    if edge.symbol is None:
                        backwards[edge.target].append(edge)
            waiting = list(alive)
            while waiting:
                for edge in backwards[waiting.pop()]:
                    self._unwalked.discard(_way(edge))
                    if edge.source not in alive:
                        alive.add(edge.source)
                        waiting.append(edge.source)
            if index:
                walked = [edge for edge in steps[index - 1] if edge.target in alive]
                self._unwalked.difference_update(map(_way, walked))
                alive = {edge.source for edge in walked}

    def _results(self, start: Node) -> set[int | str]:
        """Follow a strike until nothing is in flight any more where a line is reached, or the function ends."""
        results: set[int | str] = set()
        reached, waiting = {start}, [start]
        while waiting:
            node = waiting.pop()
            point = node.state.point
            if point.kind == points.STEP and point.line in self._program.lines and not _handles(node.state):
                results.add(point.line)
                continue
            for edge in self._out[node]:
                if isinstance(edge.symbol, Event) and edge.symbol.kind == ENDED:
                    results.add(edge.symbol.name)
                elif edge.target and edge.target.struck == start.struck and edge.target not in reached:
                    reached.add(edge.target)
                    waiting.append(edge.target)
        return results

    def _edges(self, node: Node) -> Iterator[Edge]:
        state, struck, line = node
        point = state.point
        if point.kind == points.END:
            yield Edge(node, Event(ENDED, name=end_name(state)), None)
            return
        shown: Symbol | None = None
        if point.kind == points.STEP and point.line in self._program.lines:
            shown, line = (None if point.line == line else point.line), point.line
        elif point.kind in (points.SUSPEND, points.ASYNC_EXIT, points.YIELD):
            waits = point.kind != points.YIELD or self._program.kind == MANAGER
            shown = Event(SUSPENDED if waits else YIELDED, label_at(self._program, state))
        timeouts = iter(timeout_labels(state))
        for step in self._steps(state):
            if not step.sure:
                continue
            if step.kind == edges.NEXT:
                yield Edge(node, shown, Node(step.state, struck, line))
            elif struck < self._strikes and not (step.kind == edges.DEADLINE and self._strikes > 1):
                strike = Event(_STRIKES[step.kind], label_at(self._program, state))
                if step.kind == edges.DEADLINE:
                    strike = strike._replace(other=next(timeouts))
                yield Edge(node, strike, Node(step.state, struck + 1, line))


def compare(program: Program, start: State, steps: Steps, loop: Loop, strikes: int) -> str | None:
    """Run a program and hold its graph against the runs.

    Args:
        program: the program.
        start: the state where its function begins.
        steps: the edges out of a state.
        loop: the event loop to run it on.
        strikes: how often a run is cancelled, at most.

    Returns:
        None when both agree, else the first disagreement in words.
    """
    automaton = Automaton(program, start, steps, strikes)
    with undisturbed(loop):
        for suspensions in SUSPENSIONS:
            for record in explore(program, loop, strikes, MOST_BITS, suspensions):
                if record.bits > ALL_BITS[strikes] and not automaton.missing():
                    break
                disagreement = automaton.read(record)
                if disagreement:
                    return disagreement
            if not automaton.missing():
                return None
    return "\n".join(["no run shows this of the graph:", *automaton.missing()])


def _way(edge: Edge) -> Way:
    kind = edge.symbol.kind if isinstance(edge.symbol, Event) else ""
    return Way(edge.source.state, edge.source.struck, kind, edge.target and edge.target.state)


def _in_words(way: Way) -> str:
    return f"after {way.struck} strikes: {way.source} -- {way.kind} -> {way.target or 'out'}"


def _handles(state: State) -> bool:
    """Tell whether an exception is being handled in a state, so that ``sys.exc_info()`` would show it."""
    frame: points.Frame | None = state.point.frame
    pending = list(state.pending)
    while frame is not None:
        completion = pending.pop() if frame.pends else points.NORMAL
        if frame.kind in ("clause", "star") or (frame.kind == "final" and completion.kind == "raise"):
            return True
        frame = frame.parent
    return False
