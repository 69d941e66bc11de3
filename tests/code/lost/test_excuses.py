"""What shows that a caught cancellation is kept, or the function's own; and what does not show it."""

from __future__ import annotations

import ast

import pytest

from tests.code.catching import handling, here, loss


@pytest.mark.parametrize(
    "statement",
    [
        "x.error = e",
        "errors.append(e)",
        "y.set_exception(e)",
        "y(e)",
        "await y(error=e)",
        "return e",
        "return None, e",
        "y(sys.exc_info())",
        "x.last = y.wrapped(e)",
        "x.close(e)",
        "asyncio.current_task().cancel()",
    ],
)
def test_what_keeps_it(statement: str) -> None:
    assert loss(handling(statement, after="x.flush()")) is None


@pytest.mark.parametrize(
    "statement",
    [
        "print(e)",
        "x.log.error('%s', e)",
        "x.log.error('broken', exc_info=e)",
        "x.log.opt(exception=e).error('broken')",
        "x.last = str(e)",
        "x.last = f'{e}'",
        "x.last = '%s' % e",
        "x.last = e.args",
        "x.was = e is None",
        "x.kind = type(e)",
        "await x.warn(e)",
        "x.task.cancel()",
        "asyncio.current_task().uncancel()",
    ],
)
def test_what_does_not_keep_it(statement: str) -> None:
    assert loss(handling(statement, after="x.flush()")) is not None


@pytest.mark.parametrize(
    ("does", "is_lost"),
    [("log.error(error)", True), ("self.last = repr(error)", True), ("self.last = error", False), ("y(error)", False)],
)
def test_a_helper_of_the_file_is_looked_into(does: str, is_lost: bool) -> None:
    source = f"""
    class C:
        async def f(self, x):
            try:
                await x()
            except CancelledError as e:  # here
                self._failed("why", e)
            self.flush()
        def _failed(self, why, error):
            {does}
    """
    assert (loss(source) is not None) == is_lost


@pytest.mark.parametrize(("loop", "is_lost"), [("while True:", True), ("if x:", False)])
def test_telling_what_is_closed_is_no_reason_to_begin_again(loop: str, is_lost: bool) -> None:
    source = f"""
    async def f(x):
        {loop}
            try:
                await x.read()
            except CancelledError as e:  # here
                x.close(e)
            await asyncio.sleep(1)
    """
    assert (loss(source) is not None) == is_lost


@pytest.mark.parametrize(
    ("test", "is_lost"),
    [
        ("x.done()", False),
        ("not asyncio.current_task().cancelling()", False),
        ("x.cancelled()", False),
        ("asyncio.current_task() is x", False),
        ("x.is_closed", False),
        ("e is not x", False),
        ("x.important", True),
        ("x", True),
        ("e is not None", True),
    ],
)
def test_a_test_that_decides_whether_to_raise(test: str, is_lost: bool) -> None:
    assert (loss(handling(f"if {test}:\n    raise", after="x.flush()")) is not None) == is_lost
    assert loss(handling(f"if {test}:\n    x.flush()", after="x.flush()")) is not None, "it raises neither way"


@pytest.mark.parametrize(
    ("stop", "is_lost"),
    [
        ("self.stopped = True; self.task.cancel()", False),
        ("self.stopped = True; self._cancel()", False),
        ("self.stopped = True", True),
        ("self.task.cancel()", True),
    ],
)
def test_a_flag_is_set_where_something_is_cancelled(stop: str, is_lost: bool) -> None:
    source = f"""
    class C:
        def stop(self):
            {stop}
        def _cancel(self):
            self.task.cancel()
        async def f(self, x):
            try:
                await x()
            except CancelledError:  # here
                if not self.stopped:
                    raise
            self.flush()
    """
    assert (loss(source) is not None) == is_lost


@pytest.mark.parametrize(
    ("after", "is_lost"),
    [
        ("if flag: raise CancelledError", False),
        ("if flag: asyncio.current_task().cancel()", False),
        ("if flag: x.close()", True),
        ("if other: raise CancelledError", True),
        ("return x, flag", False),
        ("return flag", True),
    ],
)
def test_it_is_raised_or_told_later(after: str, is_lost: bool) -> None:
    source = handling("flag = True", before="flag = other = False", after=after)
    assert (loss(source) is not None) == is_lost


@pytest.mark.parametrize(("cancel", "waiting"), [("t.cancel()", True), ("pass", False)])
def test_a_wait_for_what_was_cancelled_is_asked_of_apart(cancel: str, waiting: bool) -> None:
    module, catcher = here(
        f"""
        async def f(x):
            t = asyncio.create_task(x())
            {cancel}
            try:
                await t
            except CancelledError:  # here
                pass
        """
    )
    assert (module.loss(catcher) is None) == waiting
    assert (module.loss(catcher, waiting=True) is not None) == waiting


@pytest.mark.parametrize(
    ("raised", "is_lost"),
    [
        ("ValueError", True),
        ("x.Broken()", True),
        ("Own", True),
        ("Stopped()", False),
        ("make(e)", False),
        ("x.make(e)", False),
        ("SystemExit(1)", False),
    ],
)
def test_what_replaces_it(raised: str, is_lost: bool) -> None:
    source = f"import x\nclass Stopped(CancelledError): ...\nclass Own(Exception): ...\n{handling(f'raise {raised}')}"
    assert (loss(source.replace("f(x, y)", "f(y)")) is not None) == is_lost


def test_a_handler_that_sets_what_its_loop_asks_for_goes_on_behind_the_loop() -> None:
    source = """
        async def f(queue):
            aborted = False
            while not aborted:
                try:
                    await queue.get()
                except asyncio.CancelledError:  # here
                    aborted = True
            queue.close()
    """
    lost = loss(source)
    assert lost is not None
    assert lost.kind == "goes on"
    assert ast.unparse(lost.last) == "queue.close()"
    assert loss(source.replace("while not aborted", "while True")) is not None
