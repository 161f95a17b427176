"""What happened in one piece of a history, line by line: who asked for what, was shown what, and believes to hold what."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.history_findings import Findings
from benchmarks.history_log import Chat, Row

Record = Mapping[str, Any]
LIVE = "listener"  # the role of clients that stay, and sync where the protocol tells them to


@dataclass
class Ask:
    """One act of a client: what it asked for first, and what it was answered."""

    line: int
    by: str
    act: str
    text: str | None
    of: int | None
    seq: int | None = None
    acknowledged_at: float = math.inf
    is_refused: bool = False


@dataclass
class Client:
    """What one client holds, and what it was told that it holds."""

    account: int
    role: str
    is_up: bool = False
    down_at: float = 0.0
    held: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    floor: dict[int, int] = field(default_factory=dict)  # what is older was never its own to hold
    claims: list[tuple[int, int, int, int]] = field(default_factory=list)  # chat, after, up to, line
    lacks: set[tuple[int, int]] = field(default_factory=set)  # acknowledged to somebody, not here yet
    watches: dict[int, str | None] = field(default_factory=dict)  # account -> the status shown last


@dataclass
class Recovery:
    """A fault that is over, and what each client still lacked when it was."""

    kind: str
    ended: float
    waits: dict[str, set[tuple[int, int]]]
    place: int


Place = tuple[int, int]  # chat, seq
Name = tuple[int, int, str]  # sender, chat, client id


class Facts:
    """One world: takes its lines one by one, and convicts of what a single line shows already."""

    def __init__(self, findings: Findings) -> None:
        self.found = findings
        self.chats: dict[int, Chat] = {}
        self.clients: dict[str, Client] = {}
        self.asks: dict[Name, Ask] = {}
        self._unjudged: dict[Name, Ask] = {}
        self._changes: dict[Place, list[Ask]] = defaultdict(list)  # edits and deletions of a message
        self._seen: dict[tuple[int, int, int], dict[tuple[Any, ...], str]] = defaultdict(dict)  # not judged yet
        # Chat, seq, account, newer edits: shown as it was before them, which is right for whoever may not see these edits.
        self._aged: list[tuple[int, int, int, list[int], str]] = []
        self._recoveries: list[Recovery] = []
        self._presence: dict[int, tuple[int, float]] = {}  # account -> connections, since when
        self._calm_at = 0.0

    def feed(self, line: int, record: Record) -> None:
        """Take one line of the file."""
        take = getattr(self, "_on_" + record["what"], None)
        if take is not None:
            take(line, record)

    def _on_chat(self, _: int, record: Record) -> None:
        self.chats[record["chat"]] = Chat(record.get("members"), frozenset(record.get("stable", ())))

    def _on_comes(self, _: int, record: Record) -> None:
        """The client is to be connected from now on."""
        self.clients.setdefault(record["by"], Client(record["account"], record["role"], down_at=record["t"]))

    def _on_up(self, _: int, record: Record) -> None:
        account, role = record["account"], record["role"]
        client = self.clients.setdefault(record["by"], Client(account, role))
        client.is_up = True
        if role == "present":
            count, since = self._presence.get(account, (0, record["t"]))
            self._presence[account] = count + 1, since if count else record["t"]

    def _on_down(self, _: int, record: Record) -> None:
        client = self.clients.get(record["by"])
        if client is None or not client.is_up:
            return
        client.is_up, client.down_at = False, record["t"]
        client.watches.clear()
        if client.role == "present":
            count, since = self._presence[client.account]
            self._presence[client.account] = count - 1, since if count > 1 else record["t"]

    def _on_asked(self, line: int, record: Record) -> None:
        name = record["account"], record["chat"], record["client_id"]
        if name in self.asks:
            return
        ask = Ask(line, record["by"], record["act"], record.get("text"), record.get("of"))
        self.asks[name] = self._unjudged[name] = ask
        if ask.of is not None and ask.act in ("edit", "deletion"):
            self._changes[record["chat"], ask.of].append(ask)

    def _on_answered(self, line: int, record: Record) -> None:
        account, chat, client_id = name = record["account"], record["chat"], record["client_id"]
        ask = self.asks[name]
        said = f"line {line}: client id {client_id} of account {account} in chat {chat}"
        if not record["ok"]:
            ask.is_refused = True
            if ask.seq is not None and not record.get("again"):
                self.found.convict("answered differently", f"{said}: seq {ask.seq}, then {record['code']}")
            return
        if record.get("sender", account) != account or record.get("named", client_id) != client_id:
            self.found.convict(
                "answered differently",
                f"{said}: shown what account {record.get('sender')} sent under {record.get('named')}",
            )
        if ask.seq is None:
            ask.seq, ask.acknowledged_at = record["seq"], record["t"]
            self.found.acknowledged += 1
            self._wants(chat, record["seq"])
        elif ask.seq != record["seq"]:
            self.found.convict("answered differently", f"{said}: seq {ask.seq}, then {record['seq']}")

    def _wants(self, chat: int, seq: int) -> None:
        stable = self.chats[chat].stable if chat in self.chats else frozenset()
        for client in self.clients.values():
            if client.role == LIVE and client.account in stable and seq not in client.held[chat]:
                client.lacks.add((chat, seq))

    def _on_saw(self, line: int, record: Record) -> None:
        self.found.seen += 1
        by, chat, seq = record["by"], record["chat"], record["seq"]
        client = self.clients[by]
        client.held[chat].add(seq)
        client.lacks.discard((chat, seq))
        for recovery in self._recoveries:
            self._recovers(recovery, by, (chat, seq), record["t"])
        what = record["kind"], record["sender"], record["client_id"], record["text"], record.get("of")
        if what not in self._seen[chat, seq, client.account]:
            self._seen[chat, seq, client.account][what] = f"line {line}: {by} was shown by {record['how']}"
        asked_at = record.get("asked_at")
        if asked_at is not None and record["kind"] == "message" and record["text"] is not None:
            self._look_at_age(f"line {line}: {by}", record, asked_at)

    def _look_at_age(self, said: str, record: Record, asked_at: float) -> None:
        chat, seq, text = record["chat"], record["seq"], record["text"]
        changes = self._changes.get((chat, seq), ())
        known = [ask for ask in changes if ask.acknowledged_at < asked_at]
        if any(ask.act == "deletion" for ask in known):
            self.found.convict(
                "outdated", f"{said} was shown the words of chat {chat} seq {seq}, deleted before it asked"
            )
            return
        edits = {ask.text: ask.seq or 0 for ask in known if ask.act == "edit"}
        sent = self.asks.get((record["sender"], chat, record["client_id"]))
        is_first = sent is not None and text == sent.text
        newer = (
            [] if text not in edits and not is_first else [each for each in edits.values() if each > edits.get(text, 0)]
        )
        if newer:
            self._aged.append((chat, seq, self.clients[record["by"]].account, newer, said))

    def _on_reset(self, _: int, record: Record) -> None:
        """The client discards what it holds of a chat up to there, and begins behind `after`."""
        client, chat = self.clients[record["by"]], record["chat"]
        client.held[chat] = {seq for seq in client.held[chat] if seq > record["upto"]}
        client.floor[chat] = record["after"]
        client.claims = [claim for claim in client.claims if claim[0] != chat]
        client.lacks = {place for place in client.lacks if place[0] != chat or place[1] > record["after"]}
        for recovery in self._recoveries:
            waits = recovery.waits.get(record["by"], set())
            for place in [each for each in waits if each[0] == chat and each[1] <= record["after"]]:
                self._recovers(recovery, record["by"], place, record["t"])

    def _on_told(self, line: int, record: Record) -> None:
        """The client was told everything of a chat behind `after`, up to `upto`."""
        self.clients[record["by"]].claims.append((record["chat"], record["after"], record["upto"], line))

    def _on_watches(self, _: int, record: Record) -> None:
        self.clients[record["by"]].watches = dict.fromkeys(record["accounts"])

    def _on_presence(self, _: int, record: Record) -> None:
        self.clients[record["by"]].watches[record["of"]] = record["status"]

    # Faults, and what they cost.

    def _on_fault(self, _: int, record: Record) -> None:
        if record["state"] == "begin":
            return
        kind = record["kind"]
        times = self.found.faults[kind]
        times.append(None)
        waits = {by: set(client.lacks) for by, client in self.clients.items() if client.lacks}
        if waits:
            self._recoveries.append(Recovery(kind, record["t"], waits, len(times) - 1))
        else:
            times[-1] = 0.0

    def _recovers(self, recovery: Recovery, by: str, place: Place, at: float) -> None:
        waits = recovery.waits.get(by)
        if waits is None or place not in waits:
            return
        waits.discard(place)
        if not waits:
            del recovery.waits[by]
        if not recovery.waits:
            self.found.faults[recovery.kind][recovery.place] = at - recovery.ended
            self._recoveries = [each for each in self._recoveries if each is not recovery]

    def _on_log(self, _: int, record: Record) -> None:
        chat = self.chats.setdefault(record["chat"], Chat(None, frozenset()))
        rows = {row["seq"]: Row.read(row) for row in record["rows"]}
        if record["whole"]:
            for seq, row in chat.rows.items():
                if seq not in rows or rows[seq].name != row.name:
                    self.found.convict(
                        "lost", f"chat {record['chat']} seq {seq} was in the log, and is not any more: {row.says}"
                    )
            chat.rows = {}
        chat.add(rows)

    def _on_calm(self, _: int, record: Record) -> None:
        self._calm_at = record["t"]
