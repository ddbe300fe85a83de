"""A fork server: bots start at once, as forks of a process that has imported all there is to import.

Each is a process of its own, told by its own environment, arguments and folder, and ends as any Python does.
`python -m tests.harness.forkserver 3` is their parent; it ends with the process that has the other
end of its socket 3. How a fork ended is known by its keeper, the process between the two.
"""

import asyncio
import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("bot.__main__", "tests.harness.failpoint_bot", "asyncpg", "sqlalchemy.dialects.postgresql.asyncpg")
"""What the bot imports, and what it imports while it runs."""
LONGEST_ORDER = 65_536


@dataclass(frozen=True, slots=True)
class ForkedProcess:
    """A process that was forked; it is asked, waited for and killed like any other."""

    pid: int
    _ended: "asyncio.Task[int]"

    @property
    def returncode(self) -> int | None:
        """Return the exit code, negative for a signal, once it has ended."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Wait for the process to end, and return its exit code."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: signal.Signals) -> None:
        """Send the process a signal, unless it has ended."""
        if not self._ended.done():
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to stop."""
        self.send_signal(signal.SIGTERM)


async def start(
    module: str, *arguments: str, cwd: Path, env: Mapping[str, str], output: int, errors: int | None = None
) -> ForkedProcess:
    """Run `python -m module arguments` in a process that need not import anything.

    What it says goes to the descriptor `output`, unless there is another for its `errors`.
    """
    order = {"module": module, "arguments": arguments, "cwd": str(cwd), "env": dict(env)}
    ours, theirs = os.pipe()
    try:
        socket.send_fds(
            _socket(), [json.dumps(order).encode()], [output, output if errors is None else errors, theirs]
        )
    finally:
        os.close(theirs)
    words = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(words), os.fdopen(ours, "rb", buffering=0)
    )

    async def ended() -> int:
        try:
            return int(await words.readline())
        finally:
            transport.close()

    return ForkedProcess(int(await words.readline()), asyncio.create_task(ended()))


@cache
def _socket() -> socket.socket:
    """Return the socket to the fork server of this process, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        fork_server = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def close() -> None:
        ours.close()
        fork_server.wait()

    atexit.register(close)
    return ours


def _serve(orders: socket.socket) -> Callable[[], int]:
    """Fork for every order; return only in the forks, with what they have to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives the orders
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    while True:
        words, received, _, _ = socket.recv_fds(orders, LONGEST_ORDER, 3)
        if not words:
            sys.exit()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            orders.close()
            return _forked(json.loads(words), *received)
        for descriptor in received:
            os.close(descriptor)


def _forked(order: dict[str, object], output: int, errors: int, report: int) -> Callable[[], int]:
    """Fork the bot; its keeper stays in here until its fork has ended."""
    if child := os.fork():
        os.write(report, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    for descriptor in (output, errors, report):
        os.close(descriptor)
    os.chdir(str(order["cwd"]))
    module, arguments, env = order["module"], order["arguments"], order["env"]
    assert isinstance(arguments, list)
    assert isinstance(env, dict)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [str(module), *arguments]
    main: Callable[[], int] = import_module(str(module)).main
    return main


if __name__ == "__main__":
    for name in MODULES:
        import_module(name)
    gc.freeze()  # what all share is not looked at, and so not copied, by any
    sys.exit(_serve(socket.socket(fileno=int(sys.argv[1])))())
