"""Tables of facts about asyncio and friends, with the version of Python that began each."""

from __future__ import annotations

from typing import NamedTuple

Version = tuple[int, int]


class Facts(NamedTuple):
    """What the user told about the checked code.

    Attributes:
        target: the oldest Python the code must run on.
        cleanup_calls: further names of methods and functions that release something.
        resource_makers: further names (``pkg.connect``, ``Pool.acquire``) of calls that make something to be released.
    """

    target: Version = (3, 11)
    cleanup_calls: frozenset[str] = frozenset()
    resource_makers: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- names of asyncio -----------------------------------------------------------------------------------------------

ASYNCIO_NAMES = _words(
    """
    ALL_COMPLETED AbstractChildWatcher AbstractEventLoop AbstractEventLoopPolicy AbstractServer Barrier BaseEventLoop
    BaseProtocol BaseTransport BoundedSemaphore BrokenBarrierError BufferedProtocol CancelledError Condition
    DatagramProtocol DatagramTransport DefaultEventLoopPolicy Event EventLoop FIRST_COMPLETED FIRST_EXCEPTION
    FastChildWatcher Future Handle IncompleteReadError InvalidStateError LifoQueue LimitOverrunError Lock
    MultiLoopChildWatcher PidfdChildWatcher PriorityQueue ProactorEventLoop Protocol Queue QueueEmpty QueueFull
    QueueShutDown ReadTransport Runner SafeChildWatcher SelectorEventLoop Semaphore SendfileNotAvailableError Server
    StreamReader StreamReaderProtocol StreamWriter SubprocessProtocol SubprocessTransport Task TaskGroup
    ThreadedChildWatcher TimeoutError Timeout TimerHandle Transport WindowsProactorEventLoopPolicy
    WindowsSelectorEventLoopPolicy WriteTransport all_tasks as_completed coroutine create_eager_task_factory
    create_subprocess_exec create_subprocess_shell create_task current_task eager_task_factory ensure_future gather
    get_child_watcher get_event_loop get_event_loop_policy get_running_loop iscoroutine iscoroutinefunction isfuture
    new_event_loop open_connection open_unix_connection run run_coroutine_threadsafe set_child_watcher set_event_loop
    set_event_loop_policy shield sleep start_server start_unix_server timeout timeout_at to_thread wait wait_for
    wrap_future
    """
)
ASYNCIO_SUBMODULES = _words(
    """
    base_events base_futures base_tasks coroutines events exceptions futures locks mixins protocols queues runners
    selector_events streams subprocess taskgroups tasks threads timeouts transports unix_events windows_events
    """
)
# Names of asyncio that are younger than Python 3.10.
BEGAN: dict[str, Version] = {
    "asyncio.Barrier": (3, 11),
    "asyncio.BrokenBarrierError": (3, 11),
    "asyncio.Runner": (3, 11),
    "asyncio.TaskGroup": (3, 11),
    "asyncio.Timeout": (3, 11),
    "asyncio.timeout": (3, 11),
    "asyncio.timeout_at": (3, 11),
    "asyncio.Task.cancelling": (3, 11),
    "asyncio.Task.uncancel": (3, 11),
    "asyncio.create_eager_task_factory": (3, 12),
    "asyncio.eager_task_factory": (3, 12),
    "asyncio.EventLoop": (3, 13),
    "asyncio.QueueShutDown": (3, 13),
}
# Modules that give older Pythons a name of asyncio or builtins with the same meaning.
BACKPORTS = frozenset({"async_timeout", "exceptiongroup", "taskgroup"})
# What a task is cancelled over that waits for it, when the other side is gone; nobody looks at how the task ends.
# https://quart.palletsprojects.com/en/latest/how_to_guides/websockets.html#detecting-disconnection
CANCELLED_WHEN_GONE = frozenset({"quart.Websocket", "quart.websocket", "quart.wrappers.Websocket"})
# Other spellings of one name.
SAME = {
    "concurrent.futures._base.CancelledError": "concurrent.futures.CancelledError",
    "concurrent.futures._base.TimeoutError": "concurrent.futures.TimeoutError",
    "concurrent.futures._base.Future": "concurrent.futures.Future",
    "exceptiongroup.BaseExceptionGroup": "builtins.BaseExceptionGroup",
    "exceptiongroup.ExceptionGroup": "builtins.ExceptionGroup",
    "os.error": "builtins.OSError",
    "select.error": "builtins.OSError",
    "socket.error": "builtins.OSError",
    "socket.timeout": "builtins.TimeoutError",
}
OTHER_FRAMEWORKS = frozenset({"curio", "trio", "twisted"})

# --- TaskGroup, tasks, futures --------------------------------------------------------------------------------------

# What asyncio.TaskGroup has, with the version that began it (the group itself is of 3.11).
TASK_GROUP_METHODS: dict[str, Version] = {"create_task": (3, 11), "cancel": (3, 15)}
PREDICATES = frozenset({"cancelled", "done", "cancelling"})
TASK_STARTERS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
# Methods that start a coroutine as a task and hand its fate to their receiver: loops, groups, nurseries, runners.
TASK_STARTING_METHODS = _words(
    "add_task create_background_task create_task ensure_future run_coroutine_threadsafe run_until_complete spawn "
    "start_soon"
)

# --- exceptions -----------------------------------------------------------------------------------------------------

CANCELLED = "asyncio.CancelledError"
CANCELLED_MAKERS = frozenset({"get_cancelled_exc_class"})
# The next base classes of exceptions that are not builtin, or not in every Python.
EXCEPTION_BASES: dict[str, tuple[str, ...]] = {
    "asyncio.BrokenBarrierError": ("builtins.RuntimeError",),
    "asyncio.CancelledError": ("builtins.BaseException",),
    "asyncio.IncompleteReadError": ("builtins.EOFError",),
    "asyncio.InvalidStateError": ("builtins.Exception",),
    "asyncio.LimitOverrunError": ("builtins.Exception",),
    "asyncio.QueueEmpty": ("builtins.Exception",),
    "asyncio.QueueFull": ("builtins.Exception",),
    "asyncio.QueueShutDown": ("builtins.Exception",),
    "asyncio.SendfileNotAvailableError": ("builtins.RuntimeError",),
    "asyncio.TimeoutError": ("builtins.Exception",),
    "builtins.BaseExceptionGroup": ("builtins.BaseException",),
    "builtins.ExceptionGroup": ("builtins.BaseExceptionGroup", "builtins.Exception"),
    "concurrent.futures.BrokenExecutor": ("builtins.RuntimeError",),
    "concurrent.futures.CancelledError": ("concurrent.futures._base.Error",),
    "concurrent.futures.InvalidStateError": ("concurrent.futures._base.Error",),
    "concurrent.futures.TimeoutError": ("concurrent.futures._base.Error",),
    "concurrent.futures._base.Error": ("builtins.Exception",),
    "json.JSONDecodeError": ("builtins.ValueError",),
    "queue.Empty": ("builtins.Exception",),
    "queue.Full": ("builtins.Exception",),
    "socket.gaierror": ("builtins.OSError",),
    "socket.herror": ("builtins.OSError",),
    "ssl.SSLError": ("builtins.OSError",),
    "subprocess.CalledProcessError": ("subprocess.SubprocessError",),
    "subprocess.SubprocessError": ("builtins.Exception",),
    "subprocess.TimeoutExpired": ("subprocess.SubprocessError",),
}
# Names that became another spelling of builtins.TimeoutError.
TIMEOUT_ALIASES: dict[str, Version] = {"asyncio.TimeoutError": (3, 11), "concurrent.futures.TimeoutError": (3, 11)}

# --- calls ----------------------------------------------------------------------------------------------------------

# Calls that never return, and what they raise: "" where they end the process at once.
NEVER_RETURN: dict[str, str] = {
    **dict.fromkeys(("builtins.exit", "builtins.quit", "sys.exit"), "builtins.SystemExit"),
    **dict.fromkeys(("typing.assert_never", "typing_extensions.assert_never"), "builtins.AssertionError"),
    **{f"pytest.{name}": f"pytest.{name}.Exception" for name in ("exit", "fail", "skip", "xfail")},
    **dict.fromkeys((f"os.exec{kind}" for kind in _words("l le lp lpe v ve vp vpe")), ""),
    **dict.fromkeys(("os._exit", "os.abort"), ""),
}
# What is open when these are through, and stays open until it is closed: the loop, a thread or a pool holds it.
CONNECTS = frozenset(
    {
        "aio_pika.connect",
        "aio_pika.connect_robust",
        "aiomysql.connect",
        "aiomysql.create_pool",
        "aiopg.connect",
        "aiopg.create_pool",
        "aiosqlite.connect",
        "asyncio.open_connection",
        "asyncio.open_unix_connection",
        "asyncpg.connect",
        "asyncpg.create_pool",
        "asyncssh.connect",
        "psycopg.AsyncConnection.connect",
        "websockets.connect",
    }
)
LOOP_CONNECTS = frozenset(
    {"connect_accepted_socket", "create_connection", "create_datagram_endpoint", "create_unix_connection"}
)
# What these are called. A function that calls none of them opens nothing.
CONNECTION_OPENERS = frozenset({maker.rpartition(".")[2] for maker in CONNECTS} | LOOP_CONNECTS | {"acquire"})
# Decorators that make a generator function a context manager.
CONTEXT_MANAGER_MAKERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
# Context managers that let every exception through.
NEUTRAL_MANAGERS = _words(
    "builtins.open contextlib.aclosing contextlib.closing contextlib.nullcontext tempfile.TemporaryDirectory"
)
# Whether entering and leaving a context manager may suspend, where it is not always so.
MANAGERS_SUSPEND: dict[str, tuple[bool, bool]] = {
    "async_timeout.timeout": (False, False),
    "asyncio.TaskGroup": (False, True),
    "asyncio.timeout": (False, False),
    "asyncio.timeout_at": (False, False),
    "contextlib.AsyncExitStack": (False, True),
    "contextlib.aclosing": (False, True),
    "contextlib.nullcontext": (False, False),
}
# Context managers that end the exceptions they are given; methods of unittest.TestCase go by their name.
SWALLOWING_MANAGERS = frozenset({"contextlib.suppress", "pytest.raises"})
SWALLOWING_METHODS = frozenset({"assertRaises", "assertRaisesRegex"})
# Packages that tests are written with.
TEST_FRAMEWORKS = _words("aiounittest asynctest pytest pytest_asyncio testtools unittest")
LOGGING_VERBS = _words(
    """
    add_event capture_exception critical debug error exception fatal info log print print_exc print_exception
    record_exception trace warn warning
    """
)
# Calls that read a value and keep no hold on it, so a task passed to them has still the same owner.
HARMLESS_CALLS = _words(
    """
    builtins.bool builtins.callable builtins.enumerate builtins.getattr builtins.hasattr builtins.hash builtins.id
    builtins.isinstance builtins.issubclass builtins.len builtins.print builtins.repr builtins.reversed builtins.sorted
    builtins.str builtins.type builtins.zip asyncio.as_completed asyncio.gather asyncio.isfuture asyncio.shield
    asyncio.wait asyncio.wait_for
    """
)
