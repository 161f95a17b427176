"""Checks the promises about logs after a run, whatever was killed meanwhile (docs/architecture.md, "Promises", 1 to 5)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp

from benchmarks.listeners import KNOWS_WITHIN_S, ControlClient, Listener
from benchmarks.senders import Sender, Sent
from benchmarks.servers import Person
from benchmarks.wire import connected
from models.stores.database import open_database
from models.stores.entries import Entries

PAGE = 200
Log = list[tuple[int, str, str, str | None]]  # (seq, kind, client id, text), in order


@dataclass
class Verdict:
    """The number of times each promise was broken, with the first few cases of each in `examples`."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    holes: int = 0
    out_of_order: int = 0
    changed_answers: int = 0
    refused_for_good: int = 0
    views_that_differ: int = 0  # history, database, listeners
    told_twice: int = 0  # and sent once: one that was sent again may be told again, in case nobody was told before
    unknowingly_behind: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        broken = {name: count for name, count in asdict(self).items() if name not in ("acknowledged", "examples")}
        return not any(broken.values())

    def note(self, what: str) -> None:
        if len(self.examples) < 20:
            self.examples.append(what)


async def read_logs(url: str, database: str, chats: Sequence[int]) -> dict[int, Log]:
    """Every chat's log, straight from MongoDB."""
    logs: dict[int, Log] = {}
    async with open_database(url, database) as opened:
        entries = Entries(opened)
        for chat in chats:
            found = await entries.list_range(chat, 1, 2**31, limit=10**6)
            logs[chat] = [(e.seq, e.kind.value, e.client_id, getattr(e.body, "text", None)) for e in found]
    return logs


async def read_history(http: aiohttp.ClientSession, url: str, readers: Mapping[int, Person]) -> dict[int, Log]:
    """Returns the logs as members of the chats read them by the API."""
    logs: dict[int, Log] = {}
    by_person: dict[Person, list[int]] = defaultdict(list)
    for chat, person in readers.items():
        by_person[person].append(chat)
    for person, chats in by_person.items():
        async with connected(http, url, person.token) as wire:
            for chat in chats:
                logs[chat] = []
                more = True
                while more:
                    after = logs[chat][-1][0] if logs[chat] else 0
                    page = await wire.call("history", {"chat": chat, "after": after, "limit": PAGE})
                    logs[chat] += [_row(entry) for entry in page["entries"]]
                    more = page["more"]
    return logs


def _row(entry: Mapping[str, Any]) -> tuple[int, str, str, str | None]:
    return entry["seq"], entry["kind"], entry["client_id"], entry.get("text")


def judge(
    logs: Mapping[int, Log],
    history: Mapping[int, Log],
    senders: Sequence[Sender],
    listeners: Sequence[Listener],
    control_clients: Sequence[ControlClient] = (),
) -> Verdict:
    """Compare what everybody was told with what there is."""
    verdict = Verdict(acknowledged=sum(sender.acknowledged for sender in senders))
    for chat, log in logs.items():
        seqs = [row[0] for row in log]
        verdict.holes += (missing := len(set(range(1, max(seqs, default=0) + 1)) - set(seqs)))
        if missing:
            verdict.note(f"chat {chat}: {missing} of 1..{max(seqs)} are missing")
        if history[chat] != log:
            verdict.views_that_differ += 1
            verdict.note(f"chat {chat}: history shows {len(history[chat])} entries, the database has {len(log)}")
    for sender in senders:
        _judge_sender(verdict, logs, sender)
    sent_again = {(sent.chat, sent.seq) for sender in senders for sent in sender.sent if sent.times > 1}
    for hearer in (*listeners, *control_clients):
        verdict.told_twice += sum(place not in sent_again for place in hearer.told_twice)
    for listener in listeners:
        _judge_listener(verdict, logs, listener)
    for control_client in control_clients:
        _judge_control_client(verdict, logs, control_client)
    return verdict


def _judge_sender(verdict: Verdict, logs: Mapping[int, Log], sender: Sender) -> None:
    chats = set(sender.chats)
    stored = {(chat, row[0]): row for chat in chats for row in logs[chat]}
    copies = Counter((chat, row[2]) for chat in chats for row in logs[chat])
    newest: dict[int, Sent] = {}
    for sent in sender.sent:
        copies_of = copies[sent.chat, sent.client_id]
        verdict.doubled += max(0, copies_of - 1)
        if copies_of > 1:
            verdict.note(f"{sent.client_id} is there {copies_of} times")
        if sent.seq is None:
            verdict.refused_for_good += 1
            verdict.note(f"{sent.client_id} was never acknowledged: {dict(sender.refusals)}")
            continue
        if stored.get((sent.chat, sent.seq)) != (sent.seq, "message", sent.client_id, sent.text):
            verdict.lost += 1
            verdict.note(f"{sent.client_id} is not at {sent.chat}/{sent.seq}")
        if not sent.is_refused:
            before = newest.get(sent.chat)
            if before is not None and before.seq is not None and before.seq > sent.seq:
                verdict.out_of_order += 1
                verdict.note(f"{before.client_id} has seq {before.seq}, {sent.client_id} behind it {sent.seq}")
            newest[sent.chat] = sent
    verdict.changed_answers += len(sender.changed_answers)
    for changed in sender.changed_answers:
        verdict.note(changed)


def _judge_listener(verdict: Verdict, logs: Mapping[int, Log], listener: Listener) -> None:
    for chat in listener.logs:
        wrong = missed(logs[chat], listener, chat)
        if wrong:
            verdict.views_that_differ += 1
            verdict.note(f"account {listener.person.account_id}, chat {chat}: differs at {wrong[:5]}")


def _judge_control_client(verdict: Verdict, logs: Mapping[int, Log], control_client: ControlClient) -> None:
    account_id = control_client.person.account_id
    for chat in control_client.chats:
        wrong = missed(logs[chat], control_client, chat)
        if wrong:
            verdict.unknowingly_behind += 1
            verdict.note(
                f"control client of account {account_id}, chat {chat}: {len(wrong)} missing from {wrong[0]} on"
            )
    verdict.unknowingly_behind += control_client.times_too_long
    if control_client.times_too_long:
        verdict.note(
            f"control client of account {account_id}: behind for more than {KNOWS_WITHIN_S:.0f} s "
            f"{control_client.times_too_long} times, at most {control_client.longest_behind_s:.1f} s"
        )


def missed(log: Log, listener: Listener, chat: int) -> list[int]:
    """Returns the seqs at which a client holds something else than the log."""
    held = listener.logs.get(chat, {})
    # A reset starts with the newest page; what is older is in the history, compared elsewhere.
    there = {row[0]: (row[1], row[3]) for row in log if row[0] >= min(held, default=0)}
    return sorted(seq for seq in held.keys() | there.keys() if held.get(seq) != there.get(seq))
