"""How a lost cancellation can be let through, and when that is safe."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.lost.remedies import ABOVE, DROP, FINALLY, NARROW, RAISE, RAISE_CANCELLED, REMOVE, SPLIT, remedy
from tests.code.catching import handling, here


@pytest.mark.parametrize(
    ("source", "way"),
    [
        (handling("pass"), REMOVE),
        (handling("return"), REMOVE),
        (handling("print(1)"), RAISE),
        (handling("x.close()"), RAISE),
        (handling("return y()"), RAISE),
        (handling("raise ValueError"), REMOVE),
        (handling("print(1)\nraise ValueError"), RAISE),
        (handling("pass") + "    except BaseException:\n        raise", RAISE),
        (handling("if y:\n    return"), None),
        (handling("if y:\n    raise"), None),
        (handling("return 1", clause="except (CancelledError, OSError):"), SPLIT),
        (handling("raise ValueError", clause="except (CancelledError, OSError):"), SPLIT),
        (handling("x.close()", clause="except (CancelledError, OSError):"), RAISE_CANCELLED),
        (handling("pass", clause="except BOTH:") + "BOTH = (OSError, CancelledError)", RAISE_CANCELLED),
        (handling("pass", clause="except:"), ABOVE),
        (handling("print(1)", clause="except BaseException:"), ABOVE),
        (handling("raise ValueError", clause="except BaseException:"), ABOVE),
        (handling("x.close()", clause="except BaseException:"), RAISE_CANCELLED),
        (handling("x.close()\nraise ValueError", clause="except BaseException:"), None),
        ("async def f(x):\n    with contextlib.suppress(CancelledError):  # here\n        await x", DROP),
        ("async def f(x):\n    with contextlib.suppress(OSError, CancelledError):  # here\n        await x", DROP),
        ("async def f(x):\n    with contextlib.suppress(BaseException):  # here\n        await x", NARROW),
        ("async def f(x):\n    with contextlib.suppress(*x, BaseException):  # here\n        await x", None),
    ],
)
def test_the_way_to_let_it_through(source: str, way: str | None) -> None:
    module, catcher = here(source)
    found = module.loss(catcher)
    assert found is not None
    mend = remedy(module, catcher, found)
    assert (mend.words[0] if mend else None) == way


@pytest.mark.parametrize(("loop", "safe"), [("while True:", True), ("while x.more:", False), ("for _ in x:", False)])
def test_only_where_the_function_could_not_end_it_is_safe(loop: str, safe: bool) -> None:
    module, catcher = here(
        f"""
        async def f(x):
            {loop}
                try:
                    await x.read()
                except CancelledError:  # here
                    pass
        """
    )
    found = module.loss(catcher)
    assert found is not None
    mend = remedy(module, catcher, found)
    assert mend is not None
    assert mend.safe == safe


@pytest.mark.parametrize(("wait", "mended"), [("await task", False), ("await asyncio.wait([task])", True)])
def test_no_remedy_where_this_file_would_get_the_cancellation(wait: str, mended: bool) -> None:
    canceller = f"async def g(x):\n    task = asyncio.create_task(f(x, 1))\n    task.cancel()\n    {wait}\n"
    source = handling("pass") + canceller
    module, catcher = here(source)
    found = module.loss(catcher)
    assert found is not None
    assert (remedy(module, catcher, found) is not None) == mended


def test_what_cleans_up_behind_goes_into_a_finally() -> None:
    module, catcher = here(handling("pass", after="x.close()"))
    found = module.loss(catcher)
    assert found is not None
    mend = remedy(module, catcher, found)
    assert mend is not None
    block = module.parent(catcher)
    assert mend.words == (REMOVE, FINALLY)
    assert not mend.safe
    assert mend.target is module.function(catcher)
    assert [ast.unparse(mark) for mark in mend.marks[-2:]] == ["x.close()", "x.close()"]
    assert mend.marks[:3] == (block, block, catcher)


def test_no_remedy_where_cleanup_would_be_skipped() -> None:
    module, catcher = here(handling("pass", after="if x.is_open: x.close(); x.count()"))
    found = module.loss(catcher)
    assert found is not None
    assert remedy(module, catcher, found) is None
