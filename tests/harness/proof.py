'''Proofs: what a mistake does to a running program, shown function by function.

A fixture folder's ``proof.py`` says what harm to look for, and where needed how to drive a function. The harness does
the rest: it makes the module of ``bad.py``, ``bad.fixed`` and ``good*.py`` anew for every run, calls one function in a
task of its own on real asyncio, cancels that task at its first suspension point, in the next run at its second, and so
on, and once not at all. After every run it asks each check of ``HARMS``.

- A function in which the rule finds something must show a ``Harm`` in at least one run, and in one of its harmful
  runs the lines of each finding's path are passed in their order. What ``bad.fixed`` still has must be harmful too.
- Every other function of ``good*.py`` and ``bad.fixed`` shows none in any run. Names that begin with an underscore
  are helpers and not driven by themselves; in ``bad.py`` only the functions with a finding are.
- An error that the function raises and that neither is ``Harm`` nor stands in ``EXPECTED`` is a broken proof, not a
  harm, and fails the test.

The clock of the loop jumps, so ``await asyncio.sleep(3600)`` costs nothing. Wait for nothing else: threads and
processes get real time, half a second a wait.

What a proof.py may define
--------------------------
``HARMS``                        the checks (``harms.py`` has the usual ones), required
``EXPECTED``                     a tuple of exceptions with which a right function may well end
``FAKE_MODULES``                 names of modules that are replaced by fakes in the fixture's imports
``CANCEL_TWICE``                 True: in further runs the task is cancelled a second time, at each later point in turn
``arguments(run)``               a dict: values for parameters, by name, on the running loop
``names(run)``                   a dict: globals of the fixture's module to put in place of its own
``async def drive_<name>(run)``  drives the function of that name instead of the plain call; it is cancelled at each of
                                 its own suspension points in turn, and once not at all; it may raise ``Harm`` itself
``async def undisturbed_<name>(run)``  the same, in a single run in which nobody cancels it
``def check_<name>(run)``        judges every run of that function, in place of ``HARMS``

``<name>`` is ``waits_twice`` for a function and ``Worker_stop`` for a method. ``drive_a = drive_b`` shares a driver. A
name that fits no function of the folder is an error.

How a function is called
------------------------
``await run.call()`` calls the function under proof with all its parameters; ``run.call(queue=mine)`` puts in your
own values. A parameter without a default gets, in this order: what ``arguments`` says; a real thing by its annotation
(``asyncio.Lock``, ``Event``, ``Queue``, ``Semaphore``, ``Condition``, ``Future``, ``Task``, ``list[asyncio.Task]``;
``Callable[..., Awaitable[X]]`` becomes ``run.work(name)``; ``int float str bytes bool``); else ``run.fake(name)``.
``run.make()`` makes the class of a method in the same way, once; ``run.owner`` is that instance. Async generators are
consumed with a suspension in the body; async context managers, and classes by their ``__aexit__``, are entered,
suspended in, and left.

An example
----------
``bad.py``::

    async def polls(queue):
        while True:
            try:
                await queue.get()
            except asyncio.CancelledError:  #! CNL101
                print("stopping")

    async def serves(pool, job):
        conn = await pool.acquire()
        task = asyncio.create_task(job())
        await task
        pool.release(conn)  #! CNL401

``proof.py``::

    """A task that swallows its cancellation cannot be stopped; a connection is lost."""

    import asyncio

    from tests.harness.harms import Harm, cancellation_lost, resource_held
    from tests.harness.run import Run

    HARMS = (cancellation_lost, resource_held)

    def arguments(run: Run) -> dict[str, object]:
        return {"job": run.work("job", seconds=3)}

    async def undisturbed_polls(run: Run) -> None:
        try:
            await asyncio.wait_for(run.call(), timeout=1)
        except asyncio.TimeoutError:
            return
        raise Harm("the deadline was lost")

``run.log`` holds the calls of the fakes, ``run.calls("close")`` some of them, ``run.left`` the tasks that run on,
``run.complaints`` what asyncio told the loop's exception handler, ``run.spawn()`` makes a task to be handed in. See
``run.py``, ``fakes.py``, ``harms.py``.
'''

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from flake8_cancel.finding import Finding
from tests.harness.call import prepare
from tests.harness.fixture import Case
from tests.harness.harms import Check, Harm
from tests.harness.run import RAISED, Run, finished

# The last suspension point of an endless function at which it is still worth cancelling it.
_LAST_POINT = 20


class ProofError(Exception):
    """The proof itself is wrong, or does not show what it must."""


class Proof(NamedTuple):
    """What a proof.py defines; see the module."""

    path: Path
    harms: tuple[Check, ...]
    expected: tuple[type[BaseException], ...]
    fake_modules: tuple[str, ...]
    cancel_twice: bool
    module: ModuleType

    def special(self, kind: str, case: Case) -> Any:
        """Return the proof's function of a kind (``drive``, ``undisturbed``, ``check``) for a case, or None."""
        return getattr(self.module, f"{kind}_{case.name.replace('.', '_')}", None)


class Harmful(NamedTuple):
    """A run that showed a harm, and the lines that it passed."""

    run: str
    harm: str
    lines: tuple[int, ...]


def load_proof(path: Path) -> Proof:
    """Load a proof.

    Args:
        path: of the proof.py.

    Raises:
        ProofError: it does not say what harm to look for.
    """
    module = ModuleType(f"proof_of_{path.parent.name}")
    # Executed and not imported: an import would leave a cache beside the fixture.
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), vars(module))
    harms = tuple(getattr(module, "HARMS", ()))
    if not harms:
        raise ProofError(f"{path} names no HARMS")
    expected = tuple(getattr(module, "EXPECTED", ()))
    if Exception in expected or BaseException in expected:
        raise ProofError(f"{path} expects anything at all")
    fake_modules = tuple(getattr(module, "FAKE_MODULES", ()))
    return Proof(path, harms, expected, fake_modules, bool(getattr(module, "CANCEL_TWICE", False)), module)


def unknown_names(proof: Proof, cases: Sequence[Case]) -> list[str]:
    """Return the drivers and checks of a proof that fit none of the cases."""
    known = {case.name.replace(".", "_") for case in cases}
    return [
        name
        for name in vars(proof.module)
        for kind, _, rest in [name.partition("_")]
        if kind in ("drive", "undisturbed", "check") and rest and rest not in known
    ]


def prove(proof: Proof, case: Case, findings: Sequence[Finding]) -> None:
    """Drive one function through all its runs and judge them.

    Args:
        proof: how.
        case: the function.
        findings: what the rule finds in the function; with none, no run may show a harm.

    Raises:
        ProofError: a function with findings shows no harm, another shows one, a path is not passed, or the proof
            itself is broken.
    """
    harmful = list(_harmful_runs(proof, case))
    if not findings:
        if harmful:
            raise ProofError(f"{case}: nothing is found in it, but {harmful[0].run}: {harmful[0].harm}")
        return
    if not harmful:
        raise ProofError(f"{case}: something is found in it, but no run shows a harm")
    for finding in findings:
        spans = [step.span for step in finding.path] or [finding.span]
        places = [(span.line, span.end_line) for span in spans]
        if not any(passes(shown.lines, places) for shown in harmful):
            raise ProofError(f"{case}: no harmful run passes the lines {places} in this order")


def passes(lines: Sequence[int], places: Sequence[tuple[int, int]]) -> bool:
    """Tell whether the places, each a first and a last line, were passed in their order."""
    position = 0
    for first, last in places:
        while position < len(lines) and not first <= lines[position] <= last:
            position += 1
        if position == len(lines):
            return False
    return True


def runs(
    proof: Proof, case: Case, make: Callable[..., Run] = Run, last_point: int = _LAST_POINT
) -> Iterator[tuple[Run, Harm | None]]:
    """Drive one function through all its runs, and yield each with the harm that it did.

    Args:
        proof: how.
        case: the function.
        make: makes a run, given the suspension points at which it is to be cancelled.
        last_point: the last of them.
    """
    alone = proof.special("undisturbed", case)
    points: tuple[int, ...] | None = ()
    while points is not None:
        run = make(*points)
        with finished(run, lambda run=run: _body(proof, case, run, alone), str(case.path)):  # type: ignore[misc]
            yield run, _harm(proof, case, run)
        points = None if alone else _next_points(run, proof.cancel_twice, last_point)


def _harmful_runs(proof: Proof, case: Case) -> Iterator[Harmful]:
    for run, harm in runs(proof, case):
        if harm is not None:
            yield Harmful(str(run), str(harm), tuple(run.lines))
        elif run.end == RAISED and not isinstance(run.error, proof.expected):
            raise ProofError(f"{case}: {run}, which is no harm that the proof names") from run.error


def _next_points(run: Run, twice: bool, last_point: int) -> tuple[int, ...] | None:
    """Return where the next run is to be cancelled; where a run was not reached, neither would be the ones after it."""
    if not run.cancel_at:
        return (1,)
    first, last = run.cancel_at[0], run.cancel_at[-1]
    reached = run.points >= last
    if twice and reached and last < last_point:
        return (first, last + 1)
    if (reached or last > first) and first < last_point:
        return (first + 1,)
    return None


async def _body(proof: Proof, case: Case, run: Run, alone: Any) -> Any:
    prepare(run, case, proof.module, proof.fake_modules)
    driver = alone or proof.special("drive", case)
    return await (driver(run) if driver else run.call())


def _harm(proof: Proof, case: Case, run: Run) -> Harm | None:
    if isinstance(run.error, Harm):
        return run.error
    check = proof.special("check", case)
    for judge in (check,) if check else proof.harms:
        try:
            judge(run)
        except Harm as harm:
            return harm
    return None
