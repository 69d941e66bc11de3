"""The harness sees a harm where there is one, and cannot be talked into one where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.folder import PROOF, Folder
from tests.harness.proof import ProofError, load_proof, unknown_names

RIGHT = """
async def obeys(queue):
    while True:
        try:
            await queue.get()
        except asyncio.CancelledError:
            print("stopping")
            raise
"""
SWALLOWS = """
async def ignores(queue):
    while True:
        try:
            await queue.get()
        except asyncio.CancelledError:
            pass
"""
ENDS = """
async def ends(queue):
    try:
        await queue.get()
        await queue.get()
    except asyncio.CancelledError:
        return
"""
HOLDS = """
async def holds(pool):
    conn = await pool.acquire()
    await conn.execute("select 1")
    pool.release(conn)
"""
FREES = """
async def frees(pool):
    conn = await pool.acquire()
    try:
        await conn.execute("select 1")
    finally:
        await conn.close()
"""
ENTERS = """
async def enters(pool):
    async with pool.acquire() as conn, conn.transaction():
        async for row in conn.rows():
            await row.handle()
"""
LOCKS = """
async def locks(lock: asyncio.Lock):
    await lock.acquire()
    await asyncio.sleep(1)
    lock.release()
"""
LEAVES = """
async def leaves(job):
    task = asyncio.create_task(job())
    await asyncio.sleep(1)
    await task
"""
KEEPS = """
async def keeps(job):
    task = asyncio.create_task(job())
    try:
        await asyncio.sleep(1)
    finally:
        task.cancel()
        await asyncio.wait([task])
"""
SELF_CANCELS = """
async def dies(task: asyncio.Task[None]):
    task.cancel()
    await task
"""
COMPLAINS = """
async def complains():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(1)
"""
ENDLESS = """
async def spins():
    while True:
        try:
            await asyncio.sleep(0)
            while True:
                len("")
        except asyncio.CancelledError:
            pass
"""
ARGUMENTS = """
def arguments(run):
    return {"job": run.work("job", seconds=3)}
"""


@pytest.mark.parametrize("source", [SWALLOWS, ENDS, HOLDS, LOCKS, SELF_CANCELS, COMPLAINS])
def test_a_wrong_function_is_proved_wrong(folder: Folder, source: str) -> None:
    folder.prove(source, found=True)


@pytest.mark.parametrize("source", [SWALLOWS, ENDS, HOLDS, LOCKS, SELF_CANCELS, COMPLAINS])
def test_a_wrong_function_without_a_finding_fails(folder: Folder, source: str) -> None:
    with pytest.raises(ProofError, match="nothing is found in it, but run"):
        folder.prove(source, found=False)


@pytest.mark.parametrize("source", [RIGHT, FREES, ENTERS])
def test_a_right_function_holds(folder: Folder, source: str) -> None:
    folder.prove(source, found=False)


@pytest.mark.parametrize("source", [RIGHT, FREES, ENTERS])
def test_a_right_function_with_a_finding_fails(folder: Folder, source: str) -> None:
    with pytest.raises(ProofError, match="no run shows a harm"):
        folder.prove(source, found=True)


def test_a_task_that_is_left_is_a_harm(folder: Folder) -> None:
    folder.prove(LEAVES, found=True, proof=ARGUMENTS)
    folder.prove(KEEPS, found=False, proof=ARGUMENTS)


def test_a_loop_that_never_suspends_is_ended(folder: Folder) -> None:
    never_ends = "\ncheck_spins = never_ends\n"
    folder.prove(ENDLESS, found=True, proof=never_ends)


def test_an_error_of_its_own_is_no_harm(folder: Folder) -> None:
    source = "async def fails(queue):\n    await queue.get()\n    len(3)\n"
    with pytest.raises(ProofError, match="TypeError"):
        folder.prove(source, found=True)
    folder.prove(source, found=True, proof="\nHARMS = (call_fails(TypeError),)\n")
    folder.prove(source, found=False, proof="\nEXPECTED = (TypeError,)\n")


def test_a_proof_may_not_expect_everything(folder: Folder) -> None:
    with pytest.raises(ProofError, match="anything at all"):
        folder.prove(RIGHT, found=False, proof="\nEXPECTED = (Exception,)\n")


def test_a_proof_without_harms_fails(tmp_path: Path) -> None:
    (tmp_path / "proof.py").write_text("")
    with pytest.raises(ProofError, match="names no HARMS"):
        load_proof(tmp_path / "proof.py")


def test_a_driver_for_no_function_is_told(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "proof.py").write_text(PROOF + "async def drive_obeyed(run): ...\n")
    cases = folder.cases(RIGHT)
    assert unknown_names(load_proof(tmp_path / "proof.py"), cases) == ["drive_obeyed"]


def test_the_path_must_be_passed_in_order_in_a_harmful_run(folder: Folder) -> None:
    # "import asyncio" and an empty line come first: the await is line 6, the clause 7, the pass 8.
    folder.prove(SWALLOWS, found=True, path=(6, 7, 8, 6))
    with pytest.raises(ProofError, match="in this order"):
        folder.prove(ENDS, found=True, path=(7, 5, 6))
