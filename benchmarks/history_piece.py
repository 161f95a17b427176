"""Judges one piece of a history wherever it says that all is still: compares what happened with what there is."""

from benchmarks.history_facts import LIVE, Client, Facts, Record
from benchmarks.history_log import Chat, Row

# A node that died is missed after 8 s and its people are swept then; a Redis that came back is used within some seconds.
GONE_FOR_S = 35.0
SHUT_OUT_S = 40.0  # every door is open by then; a run waits for 45 s for whoever is not back


class Piece(Facts):
    """One world: takes its lines one by one, and judges wherever a `rest` or an `end` says that all is still."""

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
