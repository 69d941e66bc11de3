"""How the time grows with the code: each step doubles something, and the ratio of the last two steps is shown.

Small sizes say little, for then most of the time is the same for all: what grows too fast shows at the end.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.cli.memory import collect_rarely
from flake8_cancel.code.api import Facts
from tests.benchmarks.running import median
from tests.benchmarks.yardsticks import Row

_FUNCTION = """
async def work_{0}(pool, items):
    conn = await pool.acquire()
    try:
        for item in items:
            await conn.send(item)
    except Exception:
        pool.release(conn)
        raise
"""


_HARMLESS = """
async def read_{0}(stream):
    try:
        line = await stream.read({0})
    except OSError:
        return None
    if line:
        print(line)
    return line
"""


def rows(runs: int) -> Iterator[Row]:
    """Measure in this process, and yield the lines of the table.

    Args:
        runs: how often; the median counts.
    """
    for what, make, sizes, goal in GROWTHS:
        small, large = (_seconds(make(size), runs) for size in sizes[-2:])
        factor = sizes[-1] / sizes[-2]
        yield Row(what.format(sizes[-1]), f"{sizes[-2]}: {factor:g} times less", f"{large / small:.1f} times", goal)


def _seconds(text: str, runs: int) -> float:
    rules, facts = registry.chosen(False), Facts()
    collect_rarely()
    found = []
    for _ in range(runs):
        gc.collect()
        begun = time.process_time()
        check_text(text, facts, rules)
        found.append(time.process_time() - begun)
    return median(found)


def _file(functions: int) -> str:
    return "import asyncio\n" + "".join(_FUNCTION.format(number) for number in range(functions))


def _lines(count: int) -> str:
    # One function of twenty has to do with cancellation.
    made = [
        (_HARMLESS if number % 20 else _FUNCTION).format(number) for number in range(count // _FUNCTION.count("\n"))
    ]
    return "import asyncio\n" + "".join(made)


def _statements(count: int) -> str:
    body = "".join(f"    await conn.send({number})\n" for number in range(count))
    return f"import asyncio\nasync def work(pool):\n    conn = await pool.acquire()\n{body}    pool.release(conn)\n"


def _nested(depth: int) -> str:
    lines = ["import asyncio", "async def work(conn):"]
    lines += [f"{'    ' * level}try:" for level in range(1, depth + 1)]
    lines.append(f"{'    ' * (depth + 1)}await conn.send()")
    for level in range(depth, 0, -1):
        indent = "    " * level
        lines += [f"{indent}except OSError:", f"{indent}    conn.close()", f"{indent}    raise"]
    return "\n".join(lines) + "\n"


def _finals(depth: int) -> str:
    lines = ["import asyncio", "async def work(conn):"]
    for level in range(1, depth + 1):
        indent = "    " * level
        lines += [f"{indent}try:", f"{indent}    await conn.send({level})", f"{indent}finally:"]
    lines.append(f"{'    ' * (depth + 1)}await conn.close()")
    return "\n".join(lines) + "\n"


def _tasks(count: int) -> str:
    made = "".join(f"    task_{number} = asyncio.create_task(work())\n" for number in range(count))
    ended = "".join(f"    task_{number}.cancel()\n" for number in range(count))
    return (
        f"import asyncio\nasync def work(): await asyncio.sleep(1)\nasync def main():\n{made}    await work()\n{ended}"
    )


def _locks(count: int) -> str:
    names = ", ".join(f"lock_{number}" for number in range(count))
    taken = "".join(f"    await lock_{number}.acquire()\n" for number in range(count))
    given = "".join(f"    lock_{number}.release()\n" for number in range(count))
    return f"import asyncio\nasync def main({names}):\n{taken}    await asyncio.sleep(1)\n{given}"


# What grows, what makes it, the sizes that are compared, and by how much the time may grow.
GROWTHS: tuple[tuple[str, Callable[[int], str], tuple[int, int], str], ...] = (
    ("a file of {} functions", _file, (1_250, 2_500), "2"),
    ("a file of {} lines", _lines, (50_000, 100_000), "2"),
    ("a function of {} statements", _statements, (2_500, 5_000), "2"),
    ("{} nested try statements", _nested, (10, 20), "bounded"),
    ("finally in finally, {} deep", _finals, (5, 10), "bounded"),
    ("{} tasks in one function", _tasks, (100, 200), "2"),
    ("{} locks in one function", _locks, (100, 200), "2"),
)
