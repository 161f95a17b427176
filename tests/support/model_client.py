"""The reference for how a client keeps up: a cursor for each chat, live events, and `sync` for everything missed.

    connect -> hold back what is heard -> sync until `more` is false -> apply what was held back -> live

The rules, each of which the property test (test_catching_up.py) would notice if it were broken here or on the server:

- An event whose `seq` is cursor + 1 is applied. One at or below the cursor is a duplicate and ignored. One beyond it, or one
  of an unknown chat, shows a gap: sync. There are gaps by design: numbers of messages that are kept from this account.
- While a sync is under way live events are held back and applied afterwards by the same rule.
- `delta` entries are applied in their order. `reset` means: forget the chat's log, start from these, read older ones by
  `history`. Messages of a reset or of a page of history have all changes up to its `last_seq` in them already; changes among
  these entries are not applied again, only those with a higher seq that came otherwise.
- The members of a chat are those who have `marks`, and then what `joined` and `left` entries say. Marks only move forward.
- Whoever has left a chat keeps its log, and nothing else of it.
- What the person deleted for itself is not shown: what is in `hidden`, and all up to `cleared`. If `hidden_count` grew by more than
  `hidden` has, the list does not tell all that was missed: the chat is read anew.
- The settings of a chat are those of the last answer or event that showed them, in the order of the log of the chat with oneself. A message
  behind `archived_seq` brings an archived chat back, unless the chat is muted.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.support.node import Device, Node, Person

Entry = dict[str, Any]

KEPT_OF_DELETED = ("id", "chat", "seq", "sender", "from", "client_id", "type", "sent_at", "reply_to")
LOG_EVENTS = (
    "message_created",
    "message_edited",
    "message_deleted",
    "reaction_changed",
    "link_previewed",
    "message_pinned",
    "vote_changed",
    "chat_changed",
    "chat_cleared",
    "chat_settings_changed",
    "star_changed",
)


@dataclass
class ChatModel:
    """What a client holds of one chat."""

    chat: int
    cursor: int = 0
    kind: str = ""
    title: str | None = None
    messages: dict[int, Entry] = field(default_factory=dict)
    changes: list[Entry] = field(default_factory=list)
    members: set[int] = field(default_factory=set)
    marks: dict[int, tuple[int, int]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    hidden_count: int = 0
    cleared: int = 0
    is_member: bool = True

    def apply(self, entry: Entry, own_id: int) -> bool:
        """The next entry of the log; whether the client must ask for what the entry itself does not tell."""
        self.cursor = entry["seq"]
        match entry["kind"]:
            case "message":
                self.messages[entry["seq"]] = _message(entry)
            case "edit" | "deletion" | "reaction" | "vote" | "pin":
                self.changes.append(entry)
                self.change(entry)
            case "joined":
                for account in entry["accounts"]:
                    self.members.add(account)
                    self.mark(account, entry["seq"] - 1, entry["seq"] - 1)
                if own_id in entry["accounts"]:
                    self.is_member = True
                    return True
            case "left":
                self.members.discard(entry["left"])
                self.marks.pop(entry["left"], None)
                if entry["left"] == own_id:
                    self.end()
            case "subject":
                self.title = entry["subject"]
        return False

    def change(self, entry: Entry) -> None:
        """Bring a message up to date with a change of it."""
        message = self.messages.get(entry["of"])
        if message is None or message.get("deleted"):
            return
        match entry["kind"]:
            case "edit":
                message["text" if message["type"] == "t" else "caption"] = entry["text"]
                message["edited_at"], message["edit_seq"] = entry["edited_at"], entry["seq"]
                message.pop("preview", None)
                message.pop("mentions", None)
                if "mentions" in entry:
                    message["mentions"] = entry["mentions"]
            case "deletion":
                self.messages[entry["of"]] = _deleted(message)
            case "preview":
                is_of_this_text = message.get("edit_seq", 0) == entry["edit_seq"]
                if entry["preview"] is not None and is_of_this_text:
                    message.setdefault("preview", entry["preview"])
            case "pin":
                message.pop("pinned", None)
                if entry["pinned"]:
                    message["pinned"] = {"at": entry["at"], "by": entry["account"]}
            case "vote":
                _count(message, entry)
            case "reaction":
                reactions = dict(message.get("reactions", {}))
                reactions.pop(str(entry["account"]), None)
                if entry["emoji"] is not None:
                    reactions[str(entry["account"])] = entry["emoji"]
                message["reactions"] = reactions

    def mark(self, account: int, delivered: int, read: int) -> None:
        known = self.marks.get(account, (0, 0))
        self.marks[account] = max(known[0], delivered), max(known[1], read)

    def end(self) -> None:
        """The client's person is out of the chat."""
        self.is_member = False
        self.members.clear()
        self.marks.clear()

    def snapshot(self) -> dict[str, Any]:
        """All that two clients of one person must agree on."""
        held = sorted(self.messages.items())
        shown = {seq: message for seq, message in held if seq not in self.hidden and seq > self.cleared}
        for message in shown.values():
            if not message.get("reactions"):
                message.pop("reactions", None)
        return {
            "kind": self.kind,
            "title": self.title,
            "is_member": self.is_member,
            "members": sorted(self.members),
            "marks": dict(sorted(self.marks.items())),
            "messages": shown,
        }


@dataclass
class ModelClient:
    """One device of one person that keeps up by the rules above. It starts with nothing."""

    node: Node
    person: Person
    chats: dict[int, ChatModel] = field(default_factory=dict)
    device: Device | None = None
    syncs: int = 0
    statuses: list[str] = field(default_factory=list)  # of the answers to sync, to see what a test exercised
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # set by all that happens; clients may share one
    settings: dict[int, dict[str, Any]] = field(
        default_factory=dict
    )  # by chat; only those that differ from the default
    stars: set[tuple[int, int]] = field(default_factory=set)  # chat, seq
    _held: list[tuple[str, Any]] | None = None
    _syncing: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self.device is not None

    async def come(self) -> None:
        """Connect, and catch up."""
        self._held = []
        self.device = await self.node.connect(self.person, "/chat", "/receipts", listener=self._hear)
        await self._catch_up()

    async def go(self) -> None:
        """Away, without a word."""
        if self._syncing is not None:
            self._syncing.cancel()
            await asyncio.gather(self._syncing, return_exceptions=True)
        device, self.device, self._syncing, self._held = self.device, None, None, None
        if device is not None:
            await device.client.disconnect()
            self.node.clients.remove(device.client)

    async def ask(self, event: str, body: dict[str, Any], namespace: str = "/chat") -> dict[str, Any]:
        assert self.device is not None, "it is away"
        return await self.device.ask(event, body, namespace)

    async def until(self, is_so: Any, *, within_s: float = 30.0) -> None:
        """Wait until something holds, looking again whenever something happened; raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not is_so():
                if self._syncing is not None and self._syncing.done():
                    self._syncing.result()
                self.changed.clear()
                await self.changed.wait()

    def snapshot(self) -> dict[int, dict[str, Any]]:
        return {chat: self.chats[chat].snapshot() for chat in sorted(self.chats)}

    def _hear(self, event: str, body: Any) -> None:
        if self._held is not None:
            self._held.append((event, body))
        elif not self._take(event, body):
            self._held = []
            self._syncing = asyncio.create_task(self._catch_up(), name="model sync")
            self._syncing.add_done_callback(lambda _: self.changed.set())
        self.changed.set()

    async def _catch_up(self) -> None:
        """Sync until nothing is missing; what was held back meanwhile may show the next gap."""
        while True:
            await self._sync()
            held, self._held = self._held or [], None
            if all(self._take(event, body) for event, body in held):
                self.changed.set()
                return
            self._held = []

    def _take(self, event: str, body: Any) -> bool:
        """Apply a live event; False if something is missing before it or beside it."""
        if event == "receipt":
            chat = self.chats.get(body["chat"])
            if chat is not None and chat.is_member and body["account"] in chat.members:
                chat.mark(body["account"], body["delivered"], body["read"])
            return True
        if event == "resync":
            return False
        if event not in LOG_EVENTS:
            return True
        if event == "message_deleted" and body["scope"] == "me":
            chat = self.chats.get(body["chat"])
            if chat is not None:
                chat.hidden.add(body["of"])
            return True
        if event == "chat_cleared":
            chat = self.chats.get(body["chat"])
            if chat is not None:
                chat.cleared = max(chat.cleared, body["up_to"])
            return True
        entry = _entry_of(event, body)
        if entry is None:
            return body["chat"] in self.chats  # a new chat, in which nothing was said yet
        chat = self.chats.get(entry["chat"])
        if chat is None or entry["seq"] > chat.cursor + 1:
            return False
        if entry["seq"] <= chat.cursor:
            return True
        self._keep_own(event, body)
        return not chat.apply(entry, self.person.account_id)

    def _keep_own(self, event: str, body: Any) -> None:
        """Keep what an event says of the person's own state."""
        if event == "chat_settings_changed":
            self.settings[body["chat"]] = dict(body["settings"])
        elif event == "star_changed":
            self._star((body["chat"], body["seq"]), is_starred=body["starred"])

    def settings_of(self, chat: int) -> dict[str, Any]:
        """What holds of a chat's settings, where no mute has an end."""
        own = self.settings[chat]
        if not own.get("archived") or "muted_until" in own:
            return own
        return own | {"archived": max(self.chats[chat].messages, default=0) <= own["archived_seq"]}

    def _star(self, place: tuple[int, int], *, is_starred: bool) -> None:
        self.stars.add(place) if is_starred else self.stars.discard(place)

    async def _read_stars(self) -> None:
        """Read all stars anew."""
        self.stars.clear()
        before: int | None = None
        while True:
            page = await self.ask("starred", {"limit": 3} | ({} if before is None else {"before": before}))
            assert page["ok"], page
            self.stars |= {(message["chat"], message["seq"]) for message in page["messages"]}
            assert page["next"] is None or before is None or page["next"] < before, "no progress"
            before = page["next"]
            if before is None:
                return

    async def _sync(self) -> None:
        more = True
        while more:
            cursors = {str(chat.chat): chat.cursor for chat in self.chats.values()}
            answer = await self.ask("sync", {"cursors": cursors})
            assert answer["ok"], answer
            self.syncs += 1
            moved = [await self._take_state(state) for state in answer["chats"]]
            more = answer["more"]
            assert not more or any(moved), "more, and no progress"

    async def _take_state(self, state: dict[str, Any]) -> bool:
        self.statuses.append(state["status"])
        own_id = self.person.account_id
        if "kind" not in state:  # not a chat of this person
            return self.chats.pop(state["chat"], None) is not None
        known = self.chats.get(state["chat"])
        chat = self.chats.setdefault(state["chat"], ChatModel(state["chat"]))
        before = chat.cursor
        if state["status"] == "reset":
            chat.messages = {entry["seq"]: _message(entry) for entry in state["entries"] if entry["kind"] == "message"}
            chat.changes = []
            await self.fill(chat, min([entry["seq"] for entry in state["entries"]], default=state["cursor"] + 1))
        for entry in state["entries"]:
            if state["status"] == "delta":
                chat.apply(entry, own_id)
                if entry["kind"] == "star":
                    self._star((entry["of_chat"], entry["of_seq"]), is_starred=entry["starred"])
        self.settings[state["chat"]] = state["settings"]
        if state["kind"] == "self" and state["status"] == "reset":
            await self._read_stars()
        chat.cursor = state["cursor"]
        chat.kind, chat.title = state["kind"], state.get("title", chat.title)
        if state["hidden_count"] - chat.hidden_count > len(state["hidden"]):
            chat.messages = {}
            await self.fill(chat, state["cursor"] + 1)
        chat.hidden |= set(state["hidden"])
        chat.hidden_count, chat.cleared = state["hidden_count"], state["cleared"]
        chat.is_member = state["is_member"]
        chat.marks = {one["account"]: (one["delivered"], one["read"]) for one in state["marks"]}
        chat.members = set(chat.marks)
        if not chat.is_member:
            chat.end()
        return known is None or chat.cursor != before or state["status"] == "reset"

    async def fill(self, chat: ChatModel, before: int) -> None:
        """Read the log backwards from here to its beginning."""
        place: int | None = before
        while place is not None:
            page = await self.ask("history", {"chat": chat.chat, "before": place, "limit": 7})
            assert page["ok"], page
            for entry in page["entries"]:
                if entry["kind"] == "message":
                    chat.messages[entry["seq"]] = _message(entry)
            assert page["next"] is None or page["next"] < place, "no progress"
            place = page["next"]


def _entry_of(event: str, body: Any) -> Entry | None:
    if event == "message_created":
        return {"kind": "message", **body["message"]}
    if event == "chat_changed":
        change: Entry | None = body.get("change")
        return change
    entry: Entry = body
    if event in ("chat_settings_changed", "star_changed"):
        entry = body["entry"]
    return entry


def _count(poll: Entry, vote: Entry) -> None:
    """Count a vote: by who gave it, or in a secret poll by the numbers that it carries."""
    if vote.get("votes", vote.get("options")) is None:
        return  # the poll is deleted by now, which a later entry says
    options = poll["options"] = [dict(option) for option in poll["options"]]
    if not poll.get("secret"):
        for place, option in enumerate(options):
            others = [account for account in option["voters"] if account != vote["account"]]
            option["voters"] = sorted([*others, *([vote["account"]] if place in vote["options"] else [])])
            option["votes"] = len(option["voters"])
        poll["voter_count"] = len({account for option in options for account in option["voters"]})
        return
    for option, votes in zip(options, vote["votes"], strict=True):
        option["votes"] = votes
    poll["voter_count"] = vote["voter_count"]
    if "options" in vote:
        poll["chosen"] = vote["options"]


def _message(entry: Entry) -> Entry:
    message = {name: value for name, value in entry.items() if name != "kind"}
    return _deleted(message) if message.get("deleted") else message


def _deleted(message: Entry) -> Entry:
    return {name: message[name] for name in KEPT_OF_DELETED if name in message} | {"deleted": True}
