# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets, rules and dashboards; that the rules tell what they shall is tested by promtool."""

from __future__ import annotations

import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml

from listener.store.tables import ALARM_KINDS
from tests.support.monitoring import dashboards, queries, rendered, rules

ROOT: t.Final = pathlib.Path(__file__).resolve().parents[4]
OWN: t.Final = re.compile(r"\bplatform_[a-z_]+\b")


def alerts() -> list[dict[str, t.Any]]:
    return [rule for group in rules()["groups"] for rule in group["rules"] if "alert" in rule]


def questions() -> list[dict[str, t.Any]]:
    """Return every question of promtool's tests about an alert."""
    files = (ROOT / "tests" / "monitoring").glob("*.yml")
    cases = (case for file in files for case in yaml.safe_load(file.read_text())["tests"])
    return [question for case in cases for question in case.get("alert_rule_test", ())]


def told() -> set[str]:
    """Return the names of the metrics that the listener tells, as its source has them."""
    sources = [ROOT / "listener" / "metrics.py", *(ROOT / "listener" / "monitor").glob("*.py")]
    names = {name for source in sources for name in re.findall(r'"(platform_[a-z_]+)"', source.read_text())}
    trades = re.findall(r'^            "(\w+)": "', (ROOT / "listener/monitor/figures.py").read_text(), re.M)
    return names | {f"platform_client_{name}" for name in trades} | {"platform_command_outcomes_total"}


def test_every_object_has_the_labels_that_the_operator_selects_by() -> None:
    kinds = {manifest["kind"] for manifest in rendered()}
    assert kinds == {"ConfigMap", "PrometheusRule", "ServiceMonitor"}
    for manifest in rendered():
        assert manifest["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_a_listener_outside_of_the_cluster_is_scraped_at_its_address() -> None:
    found = rendered("--set", "targets.api.addresses={listener.example.com:8000}")
    (config,) = (manifest for manifest in found if manifest["kind"] == "ScrapeConfig")
    assert config["spec"]["staticConfigs"] == [{"targets": ["listener.example.com:8000"]}]
    monitors = {item["metadata"]["name"] for item in found if item["kind"] == "ServiceMonitor"}
    assert monitors == {"watch-monitor", "watch-argocd"}


@pytest.mark.parametrize(
    ("option", "expression"),
    [
        ("limits.headLagBlocks=7", "max(platform_chain_head_lag_blocks) > 7"),
        ("limits.databaseShare=0.5", "platform:database_connections:ratio > 0.5"),
        ("limits.keyDays=90", "key_id:platform_key_age:seconds > (90 - 30) * 86400"),
    ],
)
def test_limits_are_the_operator_s(option: str, expression: str) -> None:
    found = rules("--set-json", option)
    assert expression in {rule["expr"] for group in found["groups"] for rule in group["rules"]}


@pytest.mark.parametrize(
    "option",
    [
        "limits.unknown=1",
        "limits.keyDays=30",
        "targets.api.interval=10s",
        "targets.api.addresses={no-port}",
        "runbooks=http://insecure.example",
    ],
)
def test_a_wrong_value_is_refused(option: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        rendered("--set", option)
    assert "values don't meet the specifications" in caught.value.stderr


def test_every_alert_leads_to_its_runbook_and_every_runbook_from_one() -> None:
    folder = ROOT / "docs" / "runbooks"
    for alert in alerts():
        assert alert["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{alert['alert']}.md")
    assert {file.stem for file in folder.glob("*.md")} == {alert["alert"] for alert in alerts()}
    for file in folder.glob("*.md"):
        assert re.findall(r"^## (\w+)$", file.read_text(), re.MULTILINE) == ["Meaning", "Look", "Do"]


def test_the_runbook_of_alarms_knows_every_kind() -> None:
    text = (ROOT / "docs" / "runbooks" / "ListenerAlarm.md").read_text()
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == sorted(ALARM_KINDS)
    sources = "".join(file.read_text() for file in (ROOT / "listener").rglob("*.py"))
    raised = re.findall(
        r'^ALARM: t.Final = "(\w+)"|raise_alarm\(\s*connection,\s*"(\w+)"', sources, re.MULTILINE
    )
    assert {name for pair in raised for name in pair if name} == set(ALARM_KINDS)


def test_every_alert_has_a_severity_and_a_sentence() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert alert["annotations"]["summary"][0].isupper() or "{{" in alert["annotations"]["summary"][:3]


def test_promtool_sees_every_alert_and_severity_fire() -> None:
    fired = {
        (question["alertname"], expected["exp_labels"]["severity"])
        for question in questions()
        for expected in question["exp_alerts"]
    }
    assert fired == {(alert["alert"], alert["labels"]["severity"]) for alert in alerts()}


def test_promtool_sees_every_alert_keep_silent() -> None:
    silent = {question["alertname"] for question in questions() if not question["exp_alerts"]}
    assert silent == {alert["alert"] for alert in alerts()}


def test_rules_and_panels_ask_for_metrics_that_are_told() -> None:
    expressions = [rule["expr"] for group in rules()["groups"] for rule in group["rules"]]
    expressions += [query.expression for query in queries()]
    asked = {
        name for expression in expressions for name in OWN.findall(re.sub(r"\w+:\w+:\w+", "", expression))
    }
    assert asked - told() == set()
    assert len(asked) > 20


def test_only_the_panel_of_alerts_shows_a_number_where_nothing_is_told() -> None:
    assert {query.panel for query in queries() if "vector(" in query.expression} == {"Alerts"}


def test_recorded_series_that_are_asked_for_are_recorded() -> None:
    recorded = {rule["record"] for group in rules()["groups"] for rule in group["rules"] if "record" in rule}
    expressions = [alert["expr"] for alert in alerts()] + [query.expression for query in queries()]
    assert {name for text in expressions for name in re.findall(r"\w+:\w+:\w+", text)} == recorded


def test_dashboards_say_what_they_show_and_take_any_data_source() -> None:
    found = dashboards()
    assert set(found) == {"fleet.json", "client.json", "pipeline.json"}
    assert len({dashboard["uid"] for dashboard in found.values()}) == 3
    for dashboard in found.values():
        assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"${datasource}"}
        for panel in dashboard["panels"]:
            assert panel["title"]
            assert panel["description"]
            assert panel["targets"]
            assert panel["fieldConfig"]["defaults"]["unit"]
        numbers = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(numbers)) == len(numbers)


def test_panels_do_not_cover_each_other() -> None:
    for dashboard in dashboards().values():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert place["x"] + place["w"] <= 24
            assert not cells & taken
            taken |= cells
