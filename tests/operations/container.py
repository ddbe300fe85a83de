"""The image as its Dockerfile describes it, run without Docker: its commands, variables and folders."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from dotenv import dotenv_values

from tests.integration.program import POWERLESS, ROOT, Outcome, ended

CONTINUED = re.compile(r"\\\n\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The settings of a Dockerfile's last stage."""

    env: Mapping[str, str]
    workdir: str
    user: str
    volume: str
    requirements: str
    """The file of the packages in its virtual environment."""
    install: list[str]
    """The arguments of pip that installs them."""
    copies: list[tuple[str, str]]
    """Folders of the repository, and where they are in the working directory."""
    made: list[str]
    """What is run in the first stage on folders of the repository, with the packages of /venv."""
    made_of: list[tuple[str, str]]
    """Those folders, and where they are in the first stage."""
    taken: list[tuple[str, str]]
    """Folders of the first stage, and where they are in the working directory."""
    runs: list[str]
    """What is run in the working directory while the image is built."""
    entrypoint: list[str]
    command: list[str]
    health: list[str]


def stages(text: str) -> list[list[tuple[str, str]]]:
    """Names and arguments of the instructions, stage by stage."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    found: list[list[tuple[str, str]]] = []
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", lines, re.MULTILINE))
    lines = re.sub(r"\$\{(\w+)\}", lambda one: defaults.get(one[1], one[0]), lines)
    for line in CONTINUED.sub(" ", lines).splitlines():
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found and name:
            found[-1].append((name, rest.strip()))
    return found


def copies(stage: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a stage copies of the repository, and where to."""
    parts = [rest.split() for name, rest in stage if name == "COPY" and not rest.startswith("--from=")]
    return [(source, target) for source, target in parts]


def image() -> Image:
    """The project's own image."""
    build, bot = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    one = dict(bot)
    late = bot[bot.index(("WORKDIR", one["WORKDIR"])) :]
    sources = copies(build)
    requirements, copied = sources[0]
    (packages,) = [one for one in build if f"-r {copied}" in one[1]]
    from_build = "--from=build "
    return Image(
        requirements=requirements,
        install=packages[1].split()[1:-1],
        made=[rest for name, rest in build[build.index(packages) + 1 :] if name == "RUN"],
        made_of=sources[1:],
        taken=copies([(name, rest.removeprefix(from_build)) for name, rest in late if from_build in rest]),
        copies=copies(late),
        env=dict(p.split("=", 1) for name, rest in bot if name == "ENV" for p in shlex.split(rest)),
        workdir=one["WORKDIR"],
        user=one["USER"],
        volume=one["VOLUME"],
        runs=[rest for name, rest in late if name == "RUN"],
        entrypoint=json.loads(one["ENTRYPOINT"]),
        command=json.loads(one["CMD"]),
        health=json.loads(one["HEALTHCHECK"].partition("CMD ")[2]),
    )


def of_docker_run(env_file: Path) -> dict[str, str]:
    """What `docker run --env-file` reads: each line as it is, quotes and all."""
    lines = env_file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def of_compose(env_file: Path) -> dict[str, str]:
    """What `compose.yaml` gives the container: its file of variables, and over it what it names itself."""
    service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["inspire"]
    assert service["env_file"] == ".env"
    own: dict[str, str] = service.get("environment", {})
    return {name: value or "" for name, value in dotenv_values(env_file).items()} | own


@dataclass(frozen=True, slots=True)
class Container:
    """A container of the image: its folders lie in one of ours, and only its volume can be written."""

    image: Image
    root: Path
    env: Mapping[str, str]
    python: Path = Path(sys.executable)
    lowered: tuple[str, ...] = POWERLESS
    """What `setpriv` takes from root."""

    async def run(self, *command: str) -> Process:
        """Start it, by default with the image's own command."""
        return await self._begin([*self.image.entrypoint, *(command or self.image.command)])

    async def health(self) -> Outcome:
        """What the image's health check says now."""
        return await ended(await self._begin(self.image.health))

    async def python_code(self, code: str) -> Process:
        """Run code as its user."""
        return await self._begin(["python", "-c", code])

    async def _begin(self, line: list[str]) -> Process:
        assert line[0] == "python"
        lowered = [shutil.which("setpriv") or "setpriv", *self.lowered] if os.geteuid() == 0 else []
        values = {name: self._inside(value) for name, value in ({**self.image.env, **self.env}).items()}
        return await asyncio.create_subprocess_exec(
            *lowered, self.python, *line[1:], env=values | {"PATH": os.environ["PATH"]}, cwd=self.folder,
            stdout=PIPE, stderr=PIPE,
        )  # fmt: skip

    @property
    def folder(self) -> Path:
        """The working directory."""
        return Path(self._inside(self.image.workdir))

    def _inside(self, value: str) -> str:
        return f"{self.root}{value}" if value.startswith("/") else value


def created(root: Path, *, env: Mapping[str, str], port: int) -> Container:
    """A container that was not started yet; the port that the image chooses is another one here.

    Of the repository it finds what the image copies, by links, so that nothing is compiled again.
    """
    container = Container(image(), root, env)
    lay_out(container, port)
    for source, target in container.image.copies:
        (container.folder / target).symlink_to(ROOT / source)
    container.folder.chmod(0o555)
    return container


def lay_out(container: Container, port: int) -> None:
    """Make its folders, and run in them what is run while the image is built."""
    built, root = container.image, container.root
    for folder in (built.volume, built.workdir):
        (root / folder.lstrip("/")).mkdir(parents=True)
    for run in built.runs:
        subprocess.run(["sh", "-ec", run], cwd=container.folder, check=True)
    for own in container.folder.glob(".env"):
        own.write_text(own.read_text().replace("8080", str(port)))
