"""The alerts and the dashboard ask for metrics, labels and values that the bot has; a test of the guide holds
its table of metrics against a running bot."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import State
from bot.domain.transitions import Transition
from bot.metrics.prometheus import KINDS
from tests.integration.program import ROOT
from tests.operations.test_guide import GUIDE, METRICS, PARTS

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
ALERTS = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
BOARD = json.loads((ROOT / "deploy" / "grafana" / "inspire.json").read_text(encoding="utf-8"))
TABLE = {name: {label for label in labels.split(",") if label} for name, labels in METRICS.findall(GUIDE)}
OF_PROMETHEUS = {"job", "instance", "le"}
"""Labels that come from Prometheus, and from histograms."""
VALUES: dict[str, set[str]] = {
    "state": {str(state) for state in State},
    "kind": {str(kind) for kind in ProviderOutage},
    "outcome": {str(transition) for transition in Transition},
    "reason": set(KINDS.values()),
    "part": {"limit", "held", "used"},
}
SELECTED = re.compile(r"\b(inspire_[a-z_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)=~?"([^"]+)"')
PROMTOOL = shutil.which("promtool")


def panel_expressions() -> list[str]:
    return [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


def expressions() -> list[str]:
    return [alert["expr"] for alert in ALERTS] + panel_expressions()


def selections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each metric that is asked for, with the labels and values that select from it."""
    for expression in expressions():
        for name, matchers in SELECTED.findall(expression):
            yield PARTS.sub("", name), MATCHER.findall(matchers)


def test_every_metric_is_one_of_the_bot() -> None:
    assert {name for name, _ in selections()} <= set(TABLE)


def test_every_label_and_value_is_one_of_the_metric() -> None:
    asked = [(name, label, value) for name, matchers in selections() for label, value in matchers]
    own = [(name, label, value) for name, label, value in asked if label not in OF_PROMETHEUS]
    assert len(own) >= 8
    for name, label, value in own:
        assert label in TABLE[name], name
        assert set(value.split("|")) <= VALUES[label], name


def test_every_sum_keeps_labels_that_there_are() -> None:
    for expression in expressions():
        metrics = [PARTS.sub("", name) for name, _ in SELECTED.findall(expression)]
        known = set[str]().union(*(TABLE[name] for name in metrics)) | OF_PROMETHEUS
        kept = {label for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(", ")}
        assert kept <= known, expression


def test_the_dashboard_shows_every_metric() -> None:
    shown = {PARTS.sub("", name) for text in panel_expressions() for name, _ in SELECTED.findall(text)}
    assert shown == set(TABLE)


def test_every_alert_is_explained_and_says_whom_it_wakes() -> None:
    explained = re.findall(r"^\| `(Inspire\w+)` \|", GUIDE, re.MULTILINE)
    assert explained == [alert["alert"] for alert in ALERTS]
    assert {alert["labels"]["severity"] for alert in ALERTS} == {"page", "ticket"}
    assert all(alert["annotations"]["summary"] for alert in ALERTS)


def test_every_panel_has_a_number_and_a_place_of_its_own() -> None:
    panels = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert not [
        (one["title"], other["title"]) for one, other in combinations(panels, 2) if overlap(one, other)
    ]


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two panels lie on each other in the grid."""
    a, b = one["gridPos"], other["gridPos"]
    return bool(
        a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    )


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool on this machine")
def test_promtool_understands_the_rules() -> None:
    done = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(RULES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
