# SPDX-License-Identifier: GPL-3.0-or-later
"""What Fluent Bit makes of the logs of bots and listener: labels, structure, and no secret."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.masking import mask

from tests.support.logs import ROOT, Record, bot_records, join, match, parser, sections, shaped, values
from tests.support.pods import containers

BOT = "bot.cliente-001.cliente-001-freqtrade-6b7f9c9d4-x2x7q"
LISTENER = "listener.platform.listener-dispatch-0"
COMMAND = "0x5d9022b746a4d633e924e56b7a985412e4413b653cc5645c9eac1471d82034c0"
# As Freqtrade's own handler wrote them.
LINES = """\
2026-11-23 03:00:49,982 - freqtrade.worker - INFO - Bot heartbeat. PID=7, version='2026.9', state='RUNNING'
2026-11-23 03:00:49,983 - freqtrade.strategy.strategy_wrapper - ERROR - Unexpected error
Traceback (most recent call last):
  File "/freqtrade/catalogue/Raises.py", line 11, in populate_indicators
    raise ValueError("a strategy that raises")

ValueError: a strategy that raises
bot-health: strategy_raises BTC/USDT has no recently analysed candle
2026-11-23 03:00:50,100 - freqtrade - ERROR - Fatal exception!
bot-health: healthy
""".splitlines()
SECRETS = [
    "postgresql+psycopg2://cliente_001:hunter2@10.0.0.1:5432/freqtrade_multi",
    "postgres://cliente_001:hunter2/with@sign@10.0.0.1/db",
    "redis://:hunter2@10.0.0.1",
    "Authorization: Basic hunter2",
    "authorization: bEARER hunter2",
    "password=hunter2",
    "{'password': 'hunter2', 'a': 1}",
    '{"jwt_secret_key": "hunter2"}',
    "FREQTRADE__API_SERVER__PASSWORD=hunter2",
    "GET /api/v3/order?symbol=BTCUSDT&signature=hunter2&a=1",
    "apiKey: hunter2",
    "Private-Key : hunter2",
    "ws_token = hunter2",
    "token%3Dhunter2",
    "key vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A refused",
    "('Y2FuYXJ5LTdmM2E5MS1aUXgwYjVMbTI=',)",
    "?a=1&b=63616e6172792d3766336139312d5a517830&c=2",
]
HARMLESS = [
    "freqtrade.worker - INFO - Changing state from STOPPED to RUNNING",
    'ccxt.base.errors.AuthenticationError: binance {"code":-2015,"msg":"Invalid API-key, IP"}',
    "Could not import /freqtrade/catalogue/BrokenImport.py",
    "Entry BTC/USDT at 60123.4 · 100 USDT",
]


def one(record: Record, tag: str = BOT) -> Record:
    (found,) = shaped([(tag, record)])
    return found


def test_lines_of_a_traceback_belong_to_their_record() -> None:
    records = join(LINES)
    assert len(records) == 5
    assert records[1].endswith("\nValueError: a strategy that raises")


def test_a_bot_s_lines_become_records_with_time_logger_level_and_message() -> None:
    first, error, health, fatal, healthy = bot_records(LINES)
    assert first == {
        "time": "2026-11-23 03:00:49,982",
        "logger": "freqtrade.worker",
        "level": "INFO",
        "message": "Bot heartbeat. PID=7, version='2026.9', state='RUNNING'",
    }
    assert error["message"].splitlines()[-1] == "ValueError: a strategy that raises"
    assert (health["logger"], health["code"]) == ("bot-health", "strategy_raises")
    assert health["message"] == "BTC/USDT has no recently analysed candle"
    assert (fatal["level"], fatal["message"]) == ("ERROR", "Fatal exception!")
    assert (healthy["code"], healthy["message"]) == ("healthy", "")


def test_what_looks_at_a_bot_s_schema_gives_records_with_the_code_of_a_refusal() -> None:
    lines = ["created schema cliente_001", "schema cliente_001 is ready", "database_refused SQLSTATE 42501"]
    made, ready, refused = bot_records([f"init-schema: {line}" for line in lines])
    assert made == {"logger": "init-schema", "message": "created schema cliente_001"}
    assert ready == {"logger": "init-schema", "message": "schema cliente_001 is ready"}
    assert refused == {"logger": "init-schema", "code": "database_refused", "message": "SQLSTATE 42501"}


def test_the_parser_s_time_has_the_form_of_its_lines() -> None:
    form = dict(parser("freqtrade"))["Time_Format"]
    (record, *_) = bot_records(LINES)
    assert form.endswith(",%L")
    parsed = dt.datetime.strptime(record["time"], form.replace("%L", "%f")).replace(tzinfo=dt.UTC)
    assert parsed.microsecond == 982000


def test_a_bot_s_record_carries_its_client_and_pod() -> None:
    record = bot_records(LINES)[0]
    del record["time"]
    assert one({**record, "stream": "stdout", "_p": "F"}) == {
        "source": "bot",
        "client": "cliente-001",
        "pod": "cliente-001-freqtrade-6b7f9c9d4-x2x7q",
        "logger": "freqtrade.worker",
        "level": "info",
        "message": "Bot heartbeat. PID=7, version='2026.9', state='RUNNING'",
    }


def listener_lines(tmp_path: Path) -> list[Record]:
    """Lines as the listener's roles write them."""
    script = """
from listener.logs import command_logs, configure_logs, get_logger
configure_logs("dispatch")
log = get_logger("test")
log.info("started", host="127.0.0.1", port=8001)
with command_logs("%(command)s", 7):
    log.warning("attempt_ended", attempt=2, ending="runs_again")
log.info("run_cancelled", why="stopping", commands=["%(command)s"])
log.error("step_failed", error="cannot use postgresql://platform:hunter2@db/platform", commands=[])
try:
    raise ValueError("token=hunter2")
except ValueError:
    log.exception("unexpected")
"""
    command = [sys.executable, "-c", script % {"command": COMMAND}]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_the_listener_s_records_carry_client_and_command(tmp_path: Path) -> None:
    lines = listener_lines(tmp_path)
    assert all(dict(parser("listener"))["Time_Key"] in line for line in lines)
    started, ended, cancelled, failed, raised = shaped([(LISTENER, line) for line in lines])
    assert (started["source"], started["role"], started["message"]) == ("listener", "dispatch", "started")
    assert "client" not in started
    assert "command" not in started
    assert (ended["client"], ended["command"], ended["level"]) == ("cliente-007", COMMAND, "warning")
    assert (cancelled["command"], cancelled["commands"]) == (COMMAND, [COMMAND])
    assert "command" not in failed
    assert "hunter2" not in json.dumps([failed, raised])
    assert "Traceback" in raised["exception"]


def test_a_line_that_no_parser_knows_is_kept_as_the_message() -> None:
    record = one({"log": "tini: something else"})
    assert (record["message"], record["level"]) == ("tini: something else", "info")


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_hidden_as_the_control_plane_hides_it(text: str) -> None:
    record = one({"message": text, "deep": {"list": [text]}})
    assert record["message"] == mask(text) != text
    assert record["deep"] == {"list": [mask(text)]}
    assert "hunter2" not in json.dumps(record)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays_readable(text: str) -> None:
    assert one({"message": text})["message"] == text == mask(text)


def test_ids_of_the_chain_are_hidden_everywhere_but_under_their_names() -> None:
    record = one({"message": f"key {COMMAND}", "command_id": COMMAND, "hash": COMMAND}, LISTENER)
    assert record["message"] == "key ***"
    assert (record["command"], record["hash"]) == (COMMAND, COMMAND)


def files(chart: str, release: str, namespace: str, *options: str) -> list[str]:
    """What the kubelet calls the logs of a chart's containers, those of the preparation among them."""
    command = ["helm", "template", release, str(ROOT / "infra" / "charts" / chart), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = [
        f"{each['metadata']['name']}-6b7f9c9d4-x2x7q_{namespace}_{container['name']}-0a1b2c"
        for each in yaml.safe_load_all(done.stdout)
        if each and each["kind"] == "Deployment"
        for container in containers(each["spec"]["template"]["spec"])
    ]
    return [f"/var/log/containers/{name}.log" for name in names]


def test_the_log_of_every_container_of_bots_and_listener_is_read_and_no_other(tmp_path: Path) -> None:
    given = ("--values", str(ROOT / "infra/charts/listener/ci/values.yaml"))
    own = {
        "bot.<namespace>.<pod>": files("freqtrade", "cliente-001", "cliente-001"),
        "listener.<namespace>.<pod>": files("listener", "listener", "platform", *given),
    }
    every = [name for names in own.values() for name in names]
    every += [re.sub("_[^_]+_", "_kube-system_", name) for name in every]
    assert all(own.values())
    inputs = [keys for _, keys in rendered(tmp_path, "config.inputs")]
    assert {keys["Tag"]: fnmatch.filter(every, keys["Path"]) for keys in inputs} == own


def test_files_of_bots_and_listener_give_the_tag_its_parts() -> None:
    inputs = [dict(keys) for kind, keys in sections(values()["config"]["inputs"]) if kind == "INPUT"]
    regexes = {keys["Tag_Regex"] for keys in inputs}
    assert len(regexes) == 1
    name = "cliente-001-freqtrade-6b7f9c9d4-x2x7q_cliente-001_freqtrade-0a1b2c"
    (groups,) = match(regexes.pop(), [f"/var/log/containers/{name}.log"])
    assert groups == {"namespace": "cliente-001", "pod": "cliente-001-freqtrade-6b7f9c9d4-x2x7q"}
    assert [keys["Tag"] for keys in inputs] == ["bot.<namespace>.<pod>", "listener.<namespace>.<pod>"]


def rendered(tmp_path: Path, part: str, *options: str) -> list[tuple[str, dict[str, str]]]:
    """A part of the configuration as the shipper's chart renders it: by ``tpl``."""
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: stand-in\nversion: 0.1.0\n")
    (chart / "values.yaml").write_text("logLevel: info\nmetricsPort: 2020\n")
    script = '(index .Values.luaScripts "platform.lua")'
    parts = {"text": f".Values.{part}", "lua": script}
    template = "".join(f"{name}: {{{{ tpl {what} . | toJson }}}}\n" for name, what in parts.items())
    (chart / "templates" / "config.yaml").write_text(template)
    command = ["helm", "template", "x", str(chart), "-f", str(ROOT / "infra/addons/values/fluent-bit.yaml")]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr)
    found = yaml.safe_load(done.stdout)
    assert found["lua"] == values()["luaScripts"]["platform.lua"]
    return [(kind, dict(keys)) for kind, keys in sections(found["text"])]


PLACE: t.Final = (
    "--set",
    "logs.cloudwatch.group=/bot-freqtrade/x/bots",
    "--set",
    "logs.cloudwatch.region=eu-central-1",
)


@pytest.mark.parametrize(
    "part", ["config.service", "config.inputs", "config.filters", "config.customParsers"]
)
def test_each_part_of_the_configuration_renders(tmp_path: Path, part: str) -> None:
    assert all("{{" not in value for _, keys in rendered(tmp_path, part) for value in keys.values())


def test_logs_go_to_cloudwatch_by_default(tmp_path: Path) -> None:
    outputs = rendered(tmp_path, "config.outputs", *PLACE)
    assert [keys["Name"] for _, keys in outputs] == ["cloudwatch_logs"] * 2
    assert {keys["Match"]: keys["log_stream_template"] for _, keys in outputs} == {
        "bot.*": "$client",
        "listener.*": "$source.$role",
    }
    assert {keys["log_group_name"] for _, keys in outputs} == {"/bot-freqtrade/x/bots"}


def test_without_a_group_and_a_region_nothing_is_installed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="say where the logs go"):
        rendered(tmp_path, "config.outputs")


def test_logs_go_to_loki_by_choice(tmp_path: Path) -> None:
    ((kind, keys),) = rendered(tmp_path, "config.outputs", "--set", "logs.to=loki")
    assert (kind, keys["Name"]) == ("OUTPUT", "loki")
    assert keys["labels"] == "job=platform, source=$source, client=$client, level=$level"
    # Every command would make a stream of its own as a label of the index.
    assert "command=$command" in keys["structured_metadata"]


def test_every_parser_that_a_filter_names_is_there() -> None:
    config = values()["config"]
    known = {(kind, dict(keys)["Name"]) for kind, keys in sections(config["customParsers"])}
    named = {
        ("MULTILINE_PARSER" if key == "multiline.parser" else "PARSER", value)
        for _, keys in sections(config["filters"])
        for key, value in keys
        if key in ("Parser", "multiline.parser")
    }
    assert named == known
