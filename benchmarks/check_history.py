"""Judges the history of a fault run: which promises were broken, with the first pieces of evidence, and how long recovery took.

    python -m benchmarks.check_history FILE

It knows nothing of the server and imports nothing of it; it reads the lines that `benchmarks.history` wrote, in their order. Each
piece of a history (a `piece` line begins one) is a world of its own. Exit status 1 if anything is convicted:

    lost                   what was acknowledged is not in the log under its number
    doubled                one client id of one sender is in the log more than once
    holes                  a number below the last one of a log is missing
    reordered              of two messages that one client sent to one chat, the later one has the lower number
    answered differently   a client id was acknowledged with another number or sender, or refused after it was acknowledged
    seen by an outsider    somebody was shown an entry of a time at which it was not in the chat
    seen differently       somebody was shown what the log does not say, at that number or at all
    outdated               what was asked for after an edit or a deletion was acknowledged shows the words from before it
    unknowingly behind     a client that had every reason to believe that it held everything lacked something
    shut out               a client that stays was not let in again for a long time after the faults were over
    shown online           somebody who had gone long ago was still shown as online to somebody who watched
"""

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.history_log import Chat, Row

Record = Mapping[str, Any]
VERDICTS = (
    "lost",
    "doubled",
    "holes",
    "reordered",
    "answered differently",
    "seen by an outsider",
    "seen differently",
    "outdated",
    "unknowingly behind",
    "shut out",
    "shown online",
)
EXAMPLES = 5  # pieces of evidence that are kept for each verdict
# A node that died is missed after 8 s and its people are swept then; a Redis that came back is used within some seconds.
GONE_FOR_S = 35.0
SHUT_OUT_S = 40.0  # every door is open by then; a run waits for 45 s for whoever is not back
LIVE = "listener"  # the role of clients that stay, and sync where the protocol tells them to


@dataclass
class Findings:
    """What was found in one or several pieces."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    evidence: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: int = 0
    seen: int = 0
    pieces: int = 0
    rests: int = 0
    faults: dict[str, list[float | None]] = field(default_factory=lambda: defaultdict(list))  # kind -> seconds to level

    @property
    def is_clean(self) -> bool:
        return not any(self.counts.values())

    def convicts(self, verdicts: Collection[str]) -> bool:
        """Returns whether all of these were found, or any at all if there are none."""
        return not self.is_clean and all(self.counts[verdict] for verdict in verdicts)

    def convict(self, verdict: str, said: str) -> None:
        self.counts[verdict] += 1
        if len(self.evidence[verdict]) < EXAMPLES:
            self.evidence[verdict].append(said)


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


class Piece:
    """One world: takes its lines one by one, and judges wherever a `rest` or an `end` says that all is still."""

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

    # What happened.

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

    # What there is, and judgement.

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

    def _on_rest(self, line: int, record: Record) -> None:
        self.found.rests += 1
        self._judge_logs()
        self._judge_asks()
        self._judge_seen()
        for by, client in self.clients.items():
            self._judge_claims(by, client)
            if client.role == LIVE:
                if client.is_up:
                    self._judge_live(by, client, line)
                else:
                    self._judge_absent(by, client, line, record["t"])
            if client.is_up:
                self._judge_watched(by, client, line, record["t"])

    def _on_end(self, line: int, record: Record) -> None:
        self._unjudged = dict(self.asks)
        self._on_rest(line, record)
        self._judge_order()

    def _judge_logs(self) -> None:
        for number, chat in self.chats.items():
            missing = chat.holes()
            if missing:
                self.found.convict("holes", f"chat {number}: {missing[:5]} of 1 to {chat.last} are missing")
            for name, seqs in chat.doubles():
                self.found.convict("doubled", f"chat {number}: client id {name[1]} of account {name[0]} is at {seqs}")

    def _judge_asks(self) -> None:
        for (account, chat, client_id), ask in self._unjudged.items():
            if ask.seq is None:
                continue
            row = self.chats[chat].rows.get(ask.seq)
            if row is None or row.name != (account, client_id):
                self.found.convict(
                    "lost",
                    f"line {ask.line}: client id {client_id} of account {account} in chat {chat} was acknowledged "
                    f"as seq {ask.seq}, where the log has {'nothing' if row is None else row.says}",
                )
        self._unjudged = {name: ask for name, ask in self._unjudged.items() if ask.seq is None}

    def _judge_order(self) -> None:
        newest: dict[tuple[str, int], tuple[int, str]] = {}
        for (_, chat, client_id), ask in self.asks.items():
            if ask.act != "message" or ask.seq is None or ask.is_refused:
                continue
            before = newest.get((ask.by, chat), (0, ""))
            if before[0] > ask.seq:
                self.found.convict(
                    "reordered",
                    f"line {ask.line}: {ask.by} sent {client_id} to chat {chat} behind {before[1]}, "
                    f"and it has seq {ask.seq} before {before[0]}",
                )
            newest[ask.by, chat] = ask.seq, client_id

    def _judge_seen(self) -> None:
        for (number, seq, account), views in self._seen.items():
            chat = self.chats.setdefault(number, Chat(None, frozenset()))
            row = chat.rows.get(seq)
            for (kind, sender, client_id, text, of), said in views.items():
                place = f"chat {number} seq {seq}"
                if row is None:
                    self.found.convict(
                        "seen differently", f"{said} {place}, which is not in the log: {kind} {client_id}"
                    )
                elif (kind, sender, client_id, of) != (row.kind, row.sender, row.client_id, row.of):
                    self.found.convict(
                        "seen differently", f"{said} {place} as {kind} {client_id} of {sender}; the log has {row.says}"
                    )
                elif text not in self._allowed(number, chat, row, account):
                    self.found.convict("seen differently", f"{said} {place} with words that nobody wrote there: {text}")
                if not chat.may_see(account, seq):
                    self.found.convict("seen by an outsider", f"{said} {place}, but account {account} was not in it")
        self._seen.clear()
        for number, seq, account, newer, said in self._aged:
            if any(self.chats[number].may_see(account, each) for each in newer):
                self.found.convict(
                    "outdated", f"{said} was shown chat {number} seq {seq} as it was before its edits {newer}"
                )
        self._aged.clear()

    def _allowed(self, number: int, chat: Chat, row: Row, account: int) -> set[str | None]:
        """Returns the words that an entry may be shown with: its first ones, those of edits, and none once it is deleted."""
        of = row.seq if row.of is None else row.of
        allowed: set[str | None] = {row.text}
        asked = self.asks.get((row.sender, number, row.client_id))
        if asked is not None:
            allowed.add(asked.text)
        if row.kind == "message":
            allowed.update(ask.text for ask in self._changes.get((number, row.seq), ()) if ask.act == "edit")
        if chat.is_deleted(of) or not chat.may_see(account, of):
            allowed.add(None)
        return allowed

    def _judge_claims(self, by: str, client: Client) -> None:
        for number, after, upto, line in client.claims:
            chat = self.chats.get(number)
            if chat is None:
                continue
            missing = [seq for seq in chat.visible(client.account, after, upto) if seq not in client.held[number]]
            if missing:
                self.found.convict(
                    "unknowingly behind",
                    f"line {line}: {by} was told all of chat {number} from {after + 1} to {upto}, but not {missing[:5]}",
                )
        client.claims.clear()

    def _judge_live(self, by: str, client: Client, line: int) -> None:
        for number, chat in self.chats.items():
            due = chat.visible(client.account, client.floor.get(number, 0), chat.last)
            missing = [seq for seq in due if seq not in client.held[number]]
            if missing:
                row = chat.rows[missing[0]]
                self.found.convict(
                    "unknowingly behind",
                    f"line {line}: {by} lacks {len(missing)} of chat {number} from {missing[0]} on ({row.says})",
                )

    def _judge_absent(self, by: str, client: Client, line: int, now: float) -> None:
        waited_s = now - max(client.down_at, self._calm_at)
        if waited_s > SHUT_OUT_S:
            self.found.convict("shut out", f"line {line}: {by} has not come back for {waited_s:.0f} s, without a fault")

    def _judge_watched(self, by: str, client: Client, line: int, now: float) -> None:
        for account, status in client.watches.items():
            count, since = self._presence.get(account, (0, 0.0))
            if status == "online" and not count and now - max(since, self._calm_at) > GONE_FOR_S:
                self.found.convict(
                    "shown online", f"line {line}: {by} is shown account {account} online, gone for {now - since:.0f} s"
                )


class Reader:
    """Judges a file as far as it is written, and goes on from there when it has grown."""

    def __init__(self, path: Path) -> None:
        self.found = Findings()
        self._path = path
        self._piece = Piece(self.found)
        self._line = self._offset = 0

    def go_on(self) -> Findings:
        """Take the lines that are new. Returns all findings so far."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for text in file:
                if not text.endswith(b"\n"):  # half a line: it is still written, or its run was killed
                    break
                self._offset += len(text)
                self.take(json.loads(text))
        return self.found

    def take(self, record: Record) -> None:
        """Take the next line."""
        self._line += 1
        if record["what"] == "piece":
            self.found.pieces += 1
            self._piece = Piece(self.found)
        else:
            self._piece.feed(self._line, record)


def judge(path: Path) -> Findings:
    """Returns what there is to say of a whole history."""
    return Reader(path).go_on()


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def describe(found: Findings) -> str:
    """Returns the findings as tables for people."""
    lines = [
        f"{found.pieces} pieces, {found.rests} rests, {found.acknowledged} acknowledged, {found.seen} shown",
        ", ".join(f"{verdict} {count}" for verdict, count in found.counts.items()),
        "",
        f"{'seconds until all hold everything':<44}{'faults':>7}{'p50':>7}{'p99':>7}{'max':>7}{'never':>7}",
    ]
    every = {"all": [each for times in found.faults.values() for each in times], **dict(sorted(found.faults.items()))}
    for kind, times in every.items():
        known = [each for each in times if each is not None]
        spread = "".join(
            f"{value:>7.1f}"
            for value in (percentile(known, 0.5), percentile(known, 0.99), max(known, default=math.nan))
        )
        lines.append(f"{kind:<44}{len(times):>7}{spread}{len(times) - len(known):>7}")
    for verdict, evidence in found.evidence.items():
        lines += ["", f"{verdict} ({found.counts[verdict]} times), for example", *(f"  {each}" for each in evidence)]
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("benchmarks.check_history", description="Judge the history of a fault run.")
    parser.add_argument("file", type=Path)
    found = judge(parser.parse_args(argv).file)
    print(describe(found))
    return 0 if found.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
