"""Rules that the code of the tests, the sandbox and the benchmarks keeps."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = ("tests", "sandbox", "benchmarks")
PRODUCT = ("bot", "cogs")
PATCHABLE = {
    "discord.http.Route": "the address of Discord's API",
    "discord.gateway.DiscordWebSocket": "the address of Discord's gateway",
    "bot.chat.status_response": "a death at the answer to a command, which goes through no port",
    "asyncio": "a pause of hours",
    "fcntl": "a file system without locks",
    "os": "a folder without access",
    "pathlib.Path": "a file that cannot be read",
    "shutil": "a disk that is nearly full",
    "sqlite3": "the version of SQLite",
    "sys.modules": "an installation without matplotlib",
    "benchmarks.harness.servers.sources": "a machine without PostgreSQL",
    "sandbox.discord.rendering.APPLICATION_FLAGS": "an application with other intents",
}
"""What tests patch, because no argument of the product leads to it."""
UNIX_MODULES = {"fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty"}
UNIX_NAMES = {
    *("chown", "fchmod", "fork", "geteuid", "getuid", "killpg", "kill", "mkfifo", "statvfs", "uname"),
    *("SIGALRM", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "pause", "setitimer"),
}
SETTERS = {"setattr", "delattr", "setitem", "delitem"}


class Code:
    """A module's syntax tree, and where its names come from."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self._origins: dict[str, str] = {}
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=names):
                    for name in names:
                        self._origins[name.asname or name.name.partition(".")[0]] = (
                            name.name if name.asname else name.name.partition(".")[0]
                        )
                case ast.ImportFrom(module=str(module), names=names):
                    self._origins |= {name.asname or name.name: f"{module}.{name.name}" for name in names}
                case ast.Assign(targets=[ast.Name(id=alias)], value=value) if origin := self.origin(value):
                    self._origins.setdefault(alias, origin)

    def origin(self, node: ast.expr) -> str | None:
        """Return the dotted path of what the expression names, or None if it is no import."""
        match node:
            case ast.Name(id=name):
                return self._origins.get(name)
            case ast.Attribute(value=value, attr=attribute):
                base = self.origin(value)
                return base and f"{base}.{attribute}"
            case ast.Call(func=ast.Name(id="import_module"), args=[ast.Constant(value=str(path))]):
                return path
            case _:
                return None

    def patches(self) -> Iterator[str]:
        """Yield the dotted path of each target that is patched, or its code if it is no import."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=setter), args=[ast.Constant(value=str(path)), *_]):
                    if setter in SETTERS:
                        yield path
                case ast.Call(func=ast.Attribute(attr=setter), args=[target, *_]):
                    if setter in SETTERS:
                        yield self.origin(target) or ast.unparse(target)
                case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[target, *_]):
                    yield from self._of_product(target)
                case ast.Attribute(value=target, ctx=ast.Store() | ast.Del()):
                    yield from self._of_product(target)
                case ast.Subscript(value=target, ctx=ast.Store() | ast.Del()):
                    yield from self._of_product(target)
                case ast.ImportFrom(module="unittest.mock" | "mock" as module):
                    yield module

    def _of_product(self, target: ast.expr) -> Iterator[str]:
        origin = self.origin(target)
        if origin is not None and origin.partition(".")[0] in PRODUCT:
            yield origin


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_of_the_product_is_patched(folder: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {patched}"
        for path in (ROOT / folder).rglob("*.py")
        for patched in Code(path.read_text(encoding="utf-8")).patches()
        if patched not in PATCHABLE
    }
    assert found == set()


def lacking_on_windows(source: str) -> set[str]:
    """What a module imports, or takes from `os` and `signal`, that Windows does not have."""
    tree = ast.parse(source)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    taken = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if node.value.id in {"os", "signal"}
    }
    return (imported & UNIX_MODULES) | (taken & UNIX_NAMES)


@pytest.mark.parametrize("package", ["bot", "cogs", "inspire_bot"])
def test_the_product_needs_nothing_that_windows_lacks(package: str) -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / package).rglob("*.py")}
    assert {
        str(path): lacking for path, text in sources.items() if (lacking := lacking_on_windows(text))
    } == {}
    assert lacking_on_windows("import fcntl, os\nos.fork()\nsignal.SIGHUP") == {"fcntl", "fork", "SIGHUP"}


@pytest.mark.parametrize(
    ("code", "patched"),
    [
        ('monkeypatch.setattr("bot.health.DATABASE_S", 0)', "bot.health.DATABASE_S"),
        ('from bot import health\nmonkeypatch.setattr(health, "DATABASE_S", 0)', "bot.health"),
        ("import bot.health\nbot.health.DATABASE_S = 0", "bot.health"),
        ('from bot.a import B\nwith monkeypatch.context() as m:\n m.setattr(B, "c", 0)', "bot.a.B"),
        ('from bot.a import EVERY\nmonkeypatch.setitem(EVERY, "b", 0)', "bot.a.EVERY"),
        ('from bot.a import EVERY\nEVERY["b"] = 0', "bot.a.EVERY"),
        ('module = import_module("cogs.quota")\nsetattr(module, "USUAL_DAYS", 0)', "cogs.quota"),
        ("from bot.a import B\ndel B.c", "bot.a.B"),
        ('monkeypatch.setattr(harness.store, "write", fail)', "harness.store"),
        ("from unittest.mock import patch", "unittest.mock"),
    ],
)
def test_a_patch_is_found_in_whatever_form(code: str, patched: str) -> None:
    assert list(Code(code).patches()) == [patched]


def test_what_is_no_patch_is_left_alone() -> None:
    code = 'from bot.a import B\nself.b = B()\nself.b.c = 0\nvalues["B"] = B\nsetattr(driver, "call", other)'
    assert list(Code(code).patches()) == []
