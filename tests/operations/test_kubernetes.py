"""The manifests of deploy/kubernetes run the image as it is built, with settings and options that exist."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bot.cli import parse_arguments
from bot.config import SETTINGS
from bot.health import health_app
from bot.services.runtime.heartbeat import ProcessRole
from bot.shutdown import STOP_S
from tests.integration.program import ROOT
from tests.operations.container import image

FILES = {path.stem: path for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))}
MANIFESTS = {name: list(yaml.safe_load_all(path.read_text(encoding="utf-8"))) for name, path in FILES.items()}
DEPLOYMENTS = {
    one["metadata"]["name"]: one
    for found in MANIFESTS.values()
    for one in found
    if one["kind"] == "Deployment"
}
PODS = {name: one["spec"]["template"]["spec"] for name, one in DEPLOYMENTS.items()}
KUBECTL = shutil.which("kubectl")
each_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
each_deployment = pytest.mark.parametrize("deployment", DEPLOYMENTS.values(), ids=DEPLOYMENTS)


RESTORING: dict[str, Any] = MANIFESTS["restore"][0]["spec"]


def container_of(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod's only container."""
    (only,) = pod["containers"]
    return dict(only)


def role(pod: dict[str, Any]) -> ProcessRole:
    return parse_arguments(container_of(pod)["args"], commands={"run": ""}).process.role


def roles(name: str) -> dict[ProcessRole, int]:
    """The processes that a file starts, by their roles."""
    return {
        role(one["spec"]["template"]["spec"]): one["spec"]["replicas"]
        for one in MANIFESTS[name]
        if one["kind"] == "Deployment"
    }


def test_a_sqlite_file_has_one_process() -> None:
    assert roles("sqlite") == {ProcessRole.ALL: 1}


def test_postgresql_has_a_gateway_and_workers() -> None:
    found = roles("postgresql")
    assert set(found) == {ProcessRole.GATEWAY, ProcessRole.WORKER}
    assert found[ProcessRole.GATEWAY] == 1


@each_deployment
def test_an_old_process_ends_before_a_new_one_begins(deployment: dict[str, Any]) -> None:
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("pod", [*PODS.values(), RESTORING], ids=[*PODS, "restore"])
def test_a_pod_runs_as_the_user_of_the_image_without_rights(pod: dict[str, Any]) -> None:
    own = pod["securityContext"]
    assert f"{own['runAsUser']}:{own['runAsGroup']}" == image().user
    assert own["runAsNonRoot"] is True
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container_of(pod)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_pod
def test_a_pod_has_time_to_stop(pod: dict[str, Any]) -> None:
    assert pod["terminationGracePeriodSeconds"] > STOP_S


@each_pod
def test_what_a_pod_writes_is_mounted(pod: dict[str, Any]) -> None:
    mounted = {mount["name"]: mount["mountPath"] for mount in container_of(pod)["volumeMounts"]}
    assert set(mounted.values()) == {image().volume, "/tmp"}
    assert set(mounted) == {volume["name"] for volume in pod["volumes"]}


def test_the_claim_of_the_sqlite_file_is_made() -> None:
    claims = {
        one["metadata"]["name"] for one in MANIFESTS["sqlite"] if one["kind"] == "PersistentVolumeClaim"
    }
    (data,) = [one for one in PODS["inspire"]["volumes"] if one["name"] == "data"]
    assert {data["persistentVolumeClaim"]["claimName"]} == claims


@each_pod
def test_the_settings_are_settings_and_come_from_the_secret(pod: dict[str, Any]) -> None:
    container = container_of(pod)
    values = {one["name"]: one["value"] for one in container["env"]}
    assert set(values) <= SETTINGS
    assert values == {"HTTP_HOST": "0.0.0.0", "HTTP_PORT": str(container["ports"][0]["containerPort"])}
    assert container["envFrom"] == [{"secretRef": {"name": "inspire"}}]


async def ready() -> str | None:
    return None


async def page(_: str) -> tuple[bytes, str]:
    return b"", ""


@each_pod
def test_the_probes_ask_addresses_that_there_are(pod: dict[str, Any]) -> None:
    container = container_of(pod)
    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
    }
    app = health_app(alive=lambda: None, ready=ready, metrics=page)
    assert set(paths.values()) <= {resource.canonical for resource in app.router.resources()}
    # Nothing is restarted because Discord or the database is away.
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert {container[f"{name}Probe"]["httpGet"]["port"] for name in paths} == {container["ports"][0]["name"]}


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that follow one another in the text."""
    decoder, start = json.JSONDecoder(), 0
    while start < len(text):
        found, end = decoder.raw_decode(text, start)
        yield found
        start = end + len(text[end:]) - len(text[end:].lstrip())


@pytest.mark.skipif(KUBECTL is None, reason="no kubectl on this machine")
@pytest.mark.parametrize("name", FILES)
def test_kubectl_reads_the_same(name: str) -> None:
    line = [str(KUBECTL), "annotate", "--local", "-o", "json", "-f", str(FILES[name]), "read=1"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = list(objects(done.stdout))
    for one in found:
        assert one["metadata"].pop("annotations") == {"read": "1"}
    assert found == MANIFESTS[name]


def test_a_backup_is_restored_beside_the_file_and_with_the_settings_of_the_bot() -> None:
    bot, restoring = container_of(PODS["inspire"]), container_of(RESTORING)
    assert restoring["envFrom"] == bot["envFrom"]
    assert restoring["volumeMounts"] == bot["volumeMounts"]
    assert RESTORING["volumes"] == PODS["inspire"]["volumes"]
    assert "livenessProbe" not in restoring
