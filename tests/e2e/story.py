# SPDX-License-Identifier: GPL-3.0-or-later
"""The story that shows the platform's main job: five chapters, each seen from the outside."""

from __future__ import annotations

import itertools
import re
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

from .live import Live, NotSeenError, Sent, Verdict, eventually, host

GOOD_KEYS: t.Final = {
    "key": "DemoKeyThatTheStandInKnows0000000001",
    "secret": "DemoSecretOfTheKnownKey000000000001",
}
BAD_KEYS: t.Final = {
    "key": "DemoKeyThatTheStandInRefuses00000001",
    "secret": "DemoSecretOfTheRefusedKey0000000001",
}
BOT_SECONDS: t.Final = 120
_COMMIT: t.Final = {"commit": r"[0-9a-f]{40}"}
_POD: t.Final = {
    "image_digest": r"sha256:[0-9a-f]{64}",
    "pod_uid": r"[0-9a-f-]{36}",
    "ready_since": r"\d{4}-.+Z",
}


def start(strategy: str, dry_run: bool = True) -> dict[str, t.Any]:
    """A command that starts a bot with small stakes on two pairs."""
    return {
        "operation": "trade.start",
        "specification": {
            "strategy": strategy,
            "pairs": ["BTC/USDT", "ETH/USDT"],
            "timeframe": "5m",
            "stake_currency": "USDT",
            "stake_amount": 100,
            "max_open_trades": 2,
            "dry_run": dry_run,
            "dry_run_wallet": 1000,
        },
    }


STOP: t.Final = {"operation": "trade.stop"}


@dataclass
class Story:
    """Plays the chapters on a running platform and keeps what was seen.

    :param tell: receives one line for each thing that happened.
    :param see: receives the description of each fact that was seen to hold.
    """

    live: Live
    tell: Callable[[str], None]
    commands: list[dict[str, t.Any]] = field(default_factory=list)

    def play(self) -> list[dict[str, t.Any]]:
        """Play all chapters; raise :class:`NotSeenError` at the first thing that is not so."""
        self.registers()
        self.starts()
        self.refuses_what_does_not_trade()
        self.restores_what_was_approved()
        self.lets_a_stop_overtake()
        return self.commands

    def registers(self) -> None:
        self.tell("1. The contract is deployed; the platform's key is published")
        self.live.exchange("reset", keys={GOOD_KEYS["key"]: GOOD_KEYS["secret"]})
        self.live.register(1, 2)
        numbers = [self.live.number(client) for client in (1, 2)]
        self.expect(numbers == [1, 2], "the contract knows the wallets as clients 1 and 2")

    def starts(self) -> None:
        self.tell("2. Client 1 starts a bot (dry run, X-Wing)")
        self.run(1, start("SampleTrend"), "Approved", "")
        trades = eventually(lambda: self.live.trades(1) or None, "a trade in schema cliente_001", BOT_SECONDS)
        self.tell(f"   trades in schema cliente_001: {', '.join(pair for _, pair, _ in trades)}")
        values = self.live.values(1)
        self.expect(values["platform"]["decided"] == "approved", "client 1's file is decided as approved")

    def refuses_what_does_not_trade(self) -> None:
        self.tell("3. Client 2 submits three starts that do not trade")
        before = self.live.pod(1)
        self.run(2, start("BrokenImport"), "RolledBack", "strategy_not_loadable")
        self.run(2, start("RaisesEveryCandle"), "RolledBack", "strategy_raises")
        self.run(2, start("SampleTrend", dry_run=False), "RolledBack", "exchange_key_refused", BAD_KEYS)
        self.expect(self.live.values(2)["replicas"] == 0, "client 2's file says stopped")
        self.expect(not self.live.pods(2), "client 2 has no pod")
        self.expect(not self.exchange_secrets(2), "client 2 has no exchange Secret")
        self.expect(before is not None and self.live.pod(1) == before, "client 1's bot never restarted")

    def restores_what_was_approved(self) -> None:
        self.tell("4. Client 1 changes the strategy, and that fails")
        before, trades = self.live.values(1), self.open_trades()
        self.run(1, start("RaisesEveryCandle"), "RolledBack", "strategy_raises")
        after = self.live.values(1)
        self.expect(after["bot"] == before["bot"], "client 1's file holds the bot approved before")
        self.expect(after["replicas"] == 1, "client 1's file says running")
        self.expect(self.live.pod(1) is not None, "client 1's bot is ready again")
        self.expect(self.open_trades() == trades, "trading goes on with the same open trades")

    def lets_a_stop_overtake(self) -> None:
        self.tell("5. Client 1 starts a bot that hangs, and stops it right after")
        trades = self.live.trades(1)
        hanging = self.submit(1, start("HangsAtStart"))
        stop = self.submit(1, STOP)
        self.judge(hanging, self.live.decided(hanging), "RolledBack", "superseded")
        self.judge(stop, self.live.decided(stop), "Approved", "")
        self.expect(not self.live.pods(1), "client 1 has no pod")
        self.expect(self.live.trades(1) == trades, "client 1's schema and trades stay")
        self.run(1, start("BrokenImport"), "RolledBack", "strategy_not_loadable")
        self.expect(self.live.values(1)["replicas"] == 0, "client 1's file says stopped")
        self.expect(not self.live.pods(1), "a failing start leaves the bot stopped")

    def run(
        self,
        client: int,
        command: dict[str, t.Any],
        outcome: str,
        reason: str,
        exchange: dict[str, str] | None = None,
    ) -> None:
        """Submit a command and see its verdict."""
        sent = self.submit(client, command, exchange)
        self.judge(sent, self.live.decided(sent), outcome, reason)

    def submit(self, client: int, command: dict[str, t.Any], exchange: dict[str, str] | None = None) -> Sent:
        sent = self.live.send(client, command, exchange)
        wanted = command.get("specification", {}).get("strategy", "")
        self.tell(f"   {host(client)} #{sent.sequence} {sent.operation} {wanted} submitted")
        return sent

    def judge(self, sent: Sent, verdict: Verdict, outcome: str, reason: str) -> None:
        """Keep a verdict with the seconds of each stage, and expect it to be as wanted."""
        answer = eventually(lambda: self.settled(sent), f"the end of command {sent.id} in the API", 60)
        stages = seconds_per_stage(answer["timings"])
        self.commands.append(
            {
                "id": sent.id,
                "client": sent.client,
                "sequence": sent.sequence,
                "operation": sent.operation,
                "outcome": verdict.status,
                "reason": verdict.reason,
                "stages": stages,
                "seconds": round(sum(stages.values()), 2),
            }
        )
        text = " ".join(f"{stage} {seconds:.1f}" for stage, seconds in stages.items())
        self.tell(f"   {host(sent.client)} #{sent.sequence} {verdict.status} {verdict.reason} [{text}]")
        self.expect(
            verdict.status == outcome,
            f"command #{sent.sequence} of {host(sent.client)} ends {outcome}, as wanted",
        )
        self.expect(verdict.reason == reason, f"its reason is {reason or 'empty'}")
        self.expect(
            answer["evidence_hash"] == verdict.evidence, "the stored evidence has the hash on the chain"
        )
        self.expect(names_what_was_seen(sent, verdict, answer["evidence"]), "it names what was seen")

    def settled(self, sent: Sent) -> dict[str, t.Any] | None:
        answer = self.live.api(f"/commands/{sent.id}")
        return answer if answer["state"] == "done" else None

    def open_trades(self) -> list[tuple[int, str, bool]]:
        return [trade for trade in self.live.trades(1) if trade[2]]

    def exchange_secrets(self, client: int) -> set[str]:
        return {name for name in self.live.secrets(client) if "-exchange-" in name}

    def expect(self, holds: bool, what: str) -> None:
        """Tell what was seen, or raise when it is not so."""
        if not holds:
            raise NotSeenError(what)
        self.tell(f"   seen: {what}")


def names_what_was_seen(sent: Sent, verdict: Verdict, evidence: dict[str, str]) -> bool:
    """Whether evidence has the verdict's reason and, of an approval, the commit and a started bot's pod."""
    wanted = {}
    if verdict.status == "Approved":
        wanted |= _COMMIT
        if sent.operation == "trade.start":
            wanted |= _POD
    seen = all(re.fullmatch(form, evidence.get(name, "")) for name, form in wanted.items())
    return seen and evidence.get("reason") == verdict.reason


def seconds_per_stage(timings: dict[str, float]) -> dict[str, float]:
    """Seconds from each stage's predecessor to it, in the order in which they were reached.

    :param timings: Unix seconds at which a stage was first reached; the first is the mined block.
    """
    reached = sorted(timings.items(), key=lambda item: item[1])
    return {stage: round(moment - before, 2) for (_, before), (stage, moment) in itertools.pairwise(reached)}
