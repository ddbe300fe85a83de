"""The workflow runs targets that exist, on the Pythons that are promised, and its shell does what it says."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.version import VERSION
from tests.integration.program import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
CHANGES = "# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2027-01-01\n### Added\n- a thing\n\n## 0.2.0.1\n- old\n"


def step(job: str, name: str) -> dict[str, Any]:
    return dict(next(one for one in JOBS[job]["steps"] if one.get("name") == name))


def shell(script: str, folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """Run a step as the host of the workflow does."""
    env = {"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag}
    line = ["bash", "-e", "-c", script]
    return subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_what_is_run_is_in_the_makefile() -> None:
    runs = [one["run"] for job in JOBS.values() for one in job["steps"] if "run" in one]
    targets = {run.removeprefix("make ") for run in runs if run.startswith("make ")}
    assert targets == {"check", "test"}
    made = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets <= set(made)
    assert (ROOT / ".ci" / "run").exists()


def test_the_oldest_python_and_that_of_the_image_are_tested_and_can_fail() -> None:
    pythons = JOBS["test"]["strategy"]["matrix"]["python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f">={pythons[0]}" == project["requires-python"]
    (image,) = set(re.findall(r"^FROM python:([\d.]+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    may_fail = re.findall(r"'([\d.]+)'", JOBS["test"]["continue-on-error"])
    tested = {line.rpartition(" ")[2] for line in project["classifiers"]}
    assert tested == set(pythons) - set(may_fail)
    assert image in tested


def test_only_what_publishes_can_write() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    writers = {name for name, job in JOBS.items() if "write" in job.get("permissions", {}).values()}
    assert writers == {"image", "release"}
    assert "test" in JOBS["image"]["needs"]
    assert "image" in JOBS["release"]["needs"]


def test_the_image_is_built_for_both_processors_and_pushed_for_a_tag_only() -> None:
    (built,) = [one["with"] for one in JOBS["image"]["steps"] if "platforms" in one.get("with", {})]
    assert built["platforms"] == "linux/amd64,linux/arm64"
    assert built["push"] == "${{ github.ref_type == 'tag' }}"
    assert JOBS["release"]["if"] == "github.ref_type == 'tag'"


@pytest.mark.parametrize(("tag", "code"), [(f"v{VERSION}", 0), ("v9.9.9", 1), (VERSION, 1)])
def test_a_tag_has_to_be_that_of_the_version(tag: str, code: int) -> None:
    assert shell(step("image", "Compare the tag with the version")["run"], ROOT, tag).returncode == code


@pytest.mark.parametrize(("tag", "notes"), [("v0.2.0", "### Added\n- a thing\n\n"), ("v0.2.0.1", "- old\n")])
def test_a_release_has_the_notes_of_its_version(tmp_path: Path, tag: str, notes: str) -> None:
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    done = shell(step("release", "Take the notes from the changelog")["run"], tmp_path, tag)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "notes.md").read_text() == notes


def test_a_version_without_notes_is_not_released(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    done = shell(step("release", "Take the notes from the changelog")["run"], tmp_path, "v0.3.0")
    assert done.returncode == 1
    assert "CHANGELOG.md has no 0.3.0" in done.stdout


def test_the_changelog_has_the_notes_and_the_date_of_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(VERSION)} - \d{{4}}-\d\d-\d\d\n\n### ", text, re.MULTILINE)
