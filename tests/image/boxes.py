"""The image in a container of an engine's, and what is nearest to that where there is no engine."""

import asyncio
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml
from typing_extensions import override

from tests.integration.program import POWERLESS, ROOT, Outcome, ended
from tests.operations.container import Container, Image, image, lay_out

TAG = "inspire-image-test"
BOX = "inspire-image-test"
"""The name of the one container that serves."""
RUN_S = 180
"""More than a container takes to begin, also where an engine copies the whole image for it."""
ENGINES = ("docker", "podman")


class Box(Protocol):
    """One image, run as compose.yaml runs it; `data` is its volume."""

    data: Path

    async def serve(self) -> Process:
        """Start the image's own command."""
        ...

    async def command(self, *words: str) -> Outcome:
        """Run a command of the bot's in a container of its own, beside the one that serves."""
        ...

    async def health(self) -> Outcome:
        """What the image's health check says of the one that serves."""
        ...

    async def touch(self, path: str) -> Outcome:
        """Try to write a file."""
        ...

    async def stop(self, process: Process) -> Outcome:
        """Ask the one that serves to end, and wait for that."""
        ...

    async def kill(self, process: Process) -> Outcome:
        """Kill the one that serves."""
        ...


def engine() -> str | None:
    """The command of an engine that works here: `ENGINE` (`none` for none), else Docker or Podman."""
    if named := os.environ.get("ENGINE"):
        return None if named == "none" else named
    for name in filter(shutil.which, ENGINES):
        if subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0:
            return name
    return None


@dataclass(frozen=True, slots=True)
class EngineBox(Box):
    """Containers of an engine's."""

    engine: str
    env: Mapping[str, str]
    data: Path

    @override
    async def serve(self) -> Process:
        return await self._begin("run", "--rm", f"--name={BOX}", *self._options(), TAG)

    @override
    async def command(self, *words: str) -> Outcome:
        return await self._run("run", "--rm", *self._options(), TAG, *words)

    @override
    async def health(self) -> Outcome:
        return await self._run("exec", BOX, *image().health)

    @override
    async def touch(self, path: str) -> Outcome:
        return await self._run("exec", BOX, "touch", path)

    @override
    async def stop(self, process: Process) -> Outcome:
        await self._run("stop", "--time=30", BOX)
        return await ended(process)

    @override
    async def kill(self, process: Process) -> Outcome:
        await self._run("kill", "--signal=KILL", BOX)
        return await ended(process)

    def _options(self) -> list[str]:
        service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["inspire"]
        return [
            "--network=host",
            f"--volume={self.data}:{image().volume}",
            *["--read-only"] * service["read_only"],
            *(f"--tmpfs={folder}" for folder in service["tmpfs"]),
            *(f"--cap-drop={name}" for name in service["cap_drop"]),
            *(f"--security-opt={option}" for option in service["security_opt"]),
            *(f"--env={name}={value}" for name, value in self.env.items()),
        ]

    async def _run(self, *arguments: str) -> Outcome:
        return await ended(await self._begin(*arguments), within_s=RUN_S)

    async def _begin(self, *arguments: str) -> Process:
        return await asyncio.create_subprocess_exec(self.engine, *arguments, stdout=PIPE, stderr=PIPE)


@dataclass(frozen=True, slots=True)
class PlainBox(Box):
    """Folders with what the image has, an environment of its own, and a user who owns the volume alone."""

    container: Container
    data: Path

    @override
    async def serve(self) -> Process:
        return await self.container.run()

    @override
    async def command(self, *words: str) -> Outcome:
        root = str(self.container.root)
        inside = [f"{root}{word}" if word.startswith("/") else word for word in words]
        return await ended(await self.container.run(*inside))

    @override
    async def health(self) -> Outcome:
        return await self.container.health()

    @override
    async def touch(self, path: str) -> Outcome:
        return await ended(await self.container.python_code(f"open('{self.container.root}{path}', 'w')"))

    @override
    async def stop(self, process: Process) -> Outcome:
        process.terminate()
        return await ended(process)

    @override
    async def kill(self, process: Process) -> Outcome:
        process.kill()
        return await ended(process)


def built_by(engine_command: str) -> None:
    """Build the image."""
    done = subprocess.run(
        [engine_command, "build", f"--tag={TAG}", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def environment_in(folder: Path) -> Path:
    """Install the image's packages into an environment of their own; return its Python."""
    found = image()
    subprocess.run([base_python(), "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", *found.install, ROOT / found.requirements]
    subprocess.run(pip, check=True, capture_output=True)
    return python


def base_python() -> str:
    """A Python that the image's user can run, if there is one."""
    known = (str(Path(sys.executable).resolve()), "/usr/bin/python3")
    return next((python for python in known if _can_run(python)), known[0])


def _can_run(python: str) -> bool:
    line = [*as_user(image()), python, "-c", "import ensurepip"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


def as_user(built: Image) -> list[str]:
    """What runs a command as the image's user, without any capability."""
    user, group = built.user.split(":")
    rights = ("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *rights]


def plain_box(root: Path, *, python: Path, env: Mapping[str, str], port: int) -> PlainBox:
    """A box without an engine, of copies of what the Dockerfile copies."""
    built, ignored = image(), shutil.ignore_patterns("__pycache__")
    runs_as_user = os.geteuid() == 0 and _can_run(str(python))
    lowered = tuple(as_user(built)[1:]) if runs_as_user else POWERLESS
    container = Container(built, root, env, python, lowered)
    lay_out(container, port)
    for source, target in built.copies:
        shutil.copytree(ROOT / source, container.folder / target, ignore=ignored)
    for source, target in built.made_of:
        shutil.copytree(ROOT / source, root / target.lstrip("/"), ignore=ignored)
    for line in built.made:
        inside = [word if word.startswith("-") else word.replace("/", f"{root}/", 1) for word in line.split()]
        subprocess.run([str(python.parent / Path(inside[0]).name), *inside[1:]], check=True)
    for source, target in built.taken:
        shutil.copytree(root / source.lstrip("/"), container.folder / target, dirs_exist_ok=True)
    container.folder.chmod(0o555)
    data = root / built.volume.lstrip("/")
    if runs_as_user:
        own(data)
    return PlainBox(container, data)


def own(data: Path) -> None:
    """Give the volume to the image's user."""
    user, group = map(int, image().user.split(":"))
    os.chown(data, user, group)
