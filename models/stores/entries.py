"""Reads the log of chats, and applies changes to the messages that they change.

A change (edit, deletion, reaction, preview, pin) is stored as an entry first, marked pending, and then applied to the row that it changes
(docs/architecture.md, "Changes"). After a crash between the two, every read applies the pending changes to what it returns, and
a sweep applies them to the rows.
"""

from collections.abc import Collection as Names
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pymongo import UpdateOne

from models.documents.chat import Member
from models.documents.entry import (
    SEQ_MAX,
    Deletion,
    Edit,
    Entry,
    Kind,
    Message,
    MessageChange,
    Pin,
    Previewed,
    Reaction,
    Vote,
    WordsChange,
    as_of,
    as_over,
    entry_key,
    has_changed_since,
    shown_to,
    split_key,
    with_change,
    with_tally,
    without_text,
)
from models.documents.media import media_named
from models.documents.poll import pack_vote, seq_of_vote
from models.stores.database import Collection, Database, Row
from models.stores.ended_entries import WORDS_CHANGES, EndedEntries
from models.stores.entry_rows import (
    ENTRIES,
    GONE_FIELDS,
    mention_rows,
    photo_files,
    preview_row,
    read_entry,
    with_photo,
)
from models.stores.last_seqs import read_last_seq
from models.stores.lifetimes import TIMERS_ALONE, Lifetimes

MESSAGE_CHANGES = [
    Kind.EDIT.value,
    Kind.DELETION.value,
    Kind.REACTION.value,
    Kind.PREVIEW.value,
    Kind.PIN.value,
    Kind.VOTE.value,
]
MEMBERSHIPS = [Kind.JOINED.value, Kind.LEFT.value]
_FILE_PATHS = ("url", "photo.full", "preview.picture.url")
CHAT_CHANGES = [
    Kind.JOINED.value,
    Kind.LEFT.value,
    Kind.ROLE.value,
    Kind.SUBJECT.value,
    Kind.PHOTO.value,
    Kind.EXPIRY.value,
    Kind.PINNERS.value,
]
PERSONAL_CHANGES = [Kind.SETTINGS.value, Kind.STAR.value]


class Entries:
    """The logs of all chats. Every list is oldest entry first, unless it says otherwise.

    What is over (`lifetimes`) is returned without what it said.
    """

    def __init__(self, database: Database, lifetimes: Lifetimes = TIMERS_ALONE) -> None:
        self._entries: Collection = database.collection(ENTRIES)
        self.lifetimes = lifetimes
        self._erased = EndedEntries(database)

    async def last_seq(self, chat_id: int) -> int:
        """Returns the highest seq that is stored in a chat; 0 for an empty log."""
        return await read_last_seq(self._entries, chat_id)

    async def find(self, chat_id: int, seq: int) -> Entry | None:
        """Returns an entry as it is now, pending changes included, or None."""
        page = await self.list_range(chat_id, seq, seq, limit=1)
        return page[0] if page else None

    async def find_newest(self, places: Iterable[tuple[int, int]]) -> datetime | None:
        """Returns when the newest of the entries at these (chat id, seq) was written; None if none of them exists."""
        keys = [entry_key(chat_id, seq) for chat_id, seq in places]
        rows = await self._entries.find({"_id": {"$in": keys}}, {"at": True}).to_list(None)
        return max((row["at"] for row in rows), default=None)

    async def list_range(
        self,
        chat_id: int,
        first: int,
        last: int,
        *,
        limit: int,
        newest_first: bool = False,
        until: int | None = None,
        only_messages: bool = False,
    ) -> list[Entry]:
        """Returns at most `limit` entries with first <= seq <= last, from the chosen end; always oldest first.

        With `only_messages`, only messages that were hidden from nobody. Votes in secret polls have the tally at entry `until`, by default `last`: the last one that the reader may see.
        """
        # The changes first: in the other order, one that is applied between the two reads would be in neither of them.
        changes = await self.list_pending(chat_id, MESSAGE_CHANGES)
        rows = await self._page(chat_id, first, last, limit, newest_first=newest_first, only_messages=only_messages)
        if newest_first:
            rows.reverse()
        entries = overlay(rows, [self.lifetimes.read(row) for row in rows], changes)
        entries = await self._without_deleted_texts(chat_id, entries, changes)
        return await self.with_tallies(chat_id, entries, last if until is None else until)

    async def list_at(self, places: Iterable[tuple[int, int]]) -> list[Entry]:
        """Returns entries of any chats by (chat id, seq) as they are now, pending changes included; in no order."""
        keys = [entry_key(chat_id, seq) for chat_id, seq in places]
        if not keys:
            return []
        chats = {split_key(key)[0] for key in keys}
        query = {"chat": {"$in": list(chats)}, "pending": True, "kind": {"$in": MESSAGE_CHANGES}}
        pending = await self._entries.find(query).hint("pending").sort([("chat", 1), ("_id", 1)]).to_list(None)
        changes = [read_entry(row) for row in pending]
        rows = await self._entries.find({"_id": {"$in": keys}}).to_list(None)
        found: list[Entry] = []
        for chat_id in chats:
            mine = [row for row in rows if row["chat"] == chat_id]
            found += overlay(
                mine, [self.lifetimes.read(row) for row in mine], [one for one in changes if one.chat_id == chat_id]
            )
        return found

    async def as_shown_to(self, member: Member, entries: Sequence[Entry]) -> list[Entry]:
        """Returns those of a chat's entries that a member may see; for somebody who left, as they were then.

        The entries may have been read a while ago: what is over by now says nothing.
        """
        entries = [self.lifetimes.as_now(entry) for entry in entries]
        if member.last_seq is not None:
            entries = await self.as_of(member.chat_id, entries, member.last_seq)
        return [shown_to(entry, member.account_id) for entry in visible(entries, member)]

    async def as_of(self, chat_id: int, entries: Sequence[Entry], last: int) -> list[Entry]:
        """Returns entries of one chat without edits, reactions, previews and pins from behind entry `last`.

        The log knows what was before.
        """
        later = [entry.seq for entry in entries if has_changed_since(entry, last)]
        if not later:
            return list(entries)
        query = {
            "chat": chat_id,
            "of": {"$in": later},
            "_id": {"$lte": entry_key(chat_id, last)},
            "kind": {"$in": [kind for kind in MESSAGE_CHANGES if kind != Kind.DELETION.value]},
        }
        changes: dict[int, list[Entry]] = {seq: [] for seq in later}
        for row in await self._entries.find(query).hint("changes").sort("_id", 1).to_list(None):
            changes[row["of"]].append(read_entry(row))
        return [as_of(entry, changes[entry.seq]) if entry.seq in changes else entry for entry in entries]

    async def with_tallies(self, chat_id: int, entries: Sequence[Entry], last: int) -> list[Entry]:
        """Returns entries of one chat in which each vote in a secret poll has the tally of that poll at entry `last`.

        So whoever is shown these entries, and no later one, counts as the server does, without being shown the votes themselves.
        """
        polls = {entry.body.of for entry in entries if isinstance(entry.body, Vote) and entry.body.is_secret}
        if not polls:
            return list(entries)
        found = await self.list_at([(chat_id, seq) for seq in polls])
        poll_at = {poll.seq: await self._with_votes_until(poll, last) for poll in found}
        return [
            with_tally(entry, poll_at.get(entry.body.of)) if isinstance(entry.body, Vote) else entry
            for entry in entries
        ]

    async def _with_votes_until(self, poll: Entry, last: int) -> Entry:
        """Returns a poll with the votes that counted at entry `last`. Reads the earlier votes of those who have voted since."""
        later = [account_id for account_id, vote in poll.votes.items() if seq_of_vote(vote) > last]
        if not later:
            return poll
        query = {
            "chat": poll.chat_id,
            "of": poll.seq,
            "sender": {"$in": later},
            "_id": {"$lte": entry_key(poll.chat_id, last)},
            "kind": Kind.VOTE.value,
        }
        votes = {account_id: vote for account_id, vote in poll.votes.items() if seq_of_vote(vote) <= last}
        async for row in self._entries.find(query, {"sender": True, "options": True}).hint("votes"):
            vote = pack_vote(split_key(row["_id"])[1], row["options"])
            votes[row["sender"]] = max(vote, votes.get(row["sender"], 0))
        return replace(poll, votes=votes)

    async def is_deleted(self, chat_id: int, seq: int) -> bool:
        """Returns whether a message is over or deleted for everybody, or its deletion is stored and not applied yet."""
        return bool(await self.list_deleted([(chat_id, seq)]))

    async def list_deleted(self, places: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """Returns those of these (chat id, seq) whose messages are over or deleted for everybody, or are about to be."""
        asked = set(places)
        if not asked:
            return set()
        # The pending deletions first: in the other order, one applied between the two reads would be in neither of them.
        query = {"chat": {"$in": list({chat for chat, _ in asked})}, "pending": True, "kind": Kind.DELETION.value}
        waiting = (
            await self._entries.find(query, {"_id": False, "chat": True, "of": True}).hint("pending").to_list(None)
        )
        keys = [entry_key(chat_id, seq) for chat_id, seq in asked]
        is_gone: Row = {"_id": {"$in": keys}, "$or": [{"deleted": True}, *self.lifetimes.over()]}
        gone = await self._entries.find(is_gone, {"_id": True}).hint("_id_").to_list(None)
        return asked.intersection(
            {(row["chat"], row["of"]) for row in waiting} | {split_key(row["_id"]) for row in gone}
        )

    async def _without_deleted_texts(self, chat_id: int, entries: list[Entry], pending: Sequence[Entry]) -> list[Entry]:
        """Returns the entries without the texts and previews that changes gave to messages which are gone by now.

        Those of messages that an account deleted for itself name it in `hidden_by`, as the message does.
        """
        shown: tuple[type, ...] = (Edit, Previewed, Vote)
        if self.lifetimes.retention is not None:
            shown = (*shown, Reaction)  # it is younger than its message, and names no time of its own
        changed = {
            entry.body.of for entry in entries if isinstance(entry.body, MessageChange) and type(entry.body) in shown
        }
        if not changed:
            return entries
        keys = [entry_key(chat_id, seq) for seq in changed]
        looked_at: Row = {
            "_id": {"$in": keys},
            "$or": [{"deleted": True}, {"hidden_by": {"$exists": True}}, *self.lifetimes.over()],
        }
        fields = {"deleted": True, "hidden_by": True, "at": True, "expires_at": True}
        rows = await self._entries.find(looked_at, fields).hint("_id_").to_list(None)
        deleted = {split_key(row["_id"])[1] for row in rows if row.get("deleted")}
        deleted |= {change.body.of for change in pending if isinstance(change.body, Deletion)}
        over = {split_key(row["_id"])[1] for row in rows if self.lifetimes.is_row_over(row)}
        hidden = {split_key(row["_id"])[1]: tuple(row["hidden_by"]) for row in rows if "hidden_by" in row}
        return [_as_shown(entry, deleted, over, hidden) for entry in entries]

    async def list_pending(self, chat_id: int, kinds: Sequence[str]) -> list[Entry]:
        """Returns the changes of one chat that are stored and not applied, oldest first."""
        # The index is partial and must be named: the planner would rather walk the chat by _id.
        cursor = self._entries.find({"chat": chat_id, "pending": True, "kind": {"$in": list(kinds)}})
        rows = await cursor.hint("pending").sort([("chat", 1), ("_id", 1)]).to_list(None)
        return [read_entry(row) for row in rows]

    async def list_chats_pending(self, chat_ids: Iterable[int], kinds: Sequence[str]) -> list[int]:
        """Returns those of these chats that have changes of these kinds which are stored and not applied."""
        query = {"chat": {"$in": list(chat_ids)}, "pending": True, "kind": {"$in": list(kinds)}}
        rows = await self._entries.find(query, {"chat": True}).hint("pending").to_list(None)
        return sorted({row["chat"] for row in rows})

    async def list_unapplied(self, before: datetime, limit: int = 1000) -> list[Entry]:
        """Returns changes of any chat that were stored before this time and never applied: what a crash left."""
        cursor = self._entries.find({"pending": True, "at": {"$lt": before}}).hint("pending").limit(limit)
        return [read_entry(row) for row in await cursor.to_list(None)]

    async def has_written(self, chat_id: int, sender_id: int) -> bool:
        """Returns whether a sender has written a message in the direct chat that was not hidden from the peer.

        A message that is deleted by now counts; a reaction does not.
        """
        query = {"chat": chat_id, "sender": sender_id, "kind": Kind.MESSAGE.value, "hidden_from": None}
        return await self._entries.find_one(query, {"_id": True}, hint="said_by") is not None

    async def list_used(self, names: Names[str]) -> set[str]:
        """Returns those of these stored files that a message, or a change of a chat's photo, points to."""
        urls = {url: name for name in names for url in (f"/media/{name}", f"/media/{name}/thumbnail")}
        # A deleted message still names its file until that is removed, so that a crash in between loses it for no sweep.
        said_by = [{"media": {"$in": list(names)}}, {"url": {"$in": list(urls)}}]
        query = {"$or": [*({**one, "deleted": {"$ne": True}} for one in said_by), *with_photo(names)["$or"]]}
        rows = await self._entries.find(query, {"media": True, "url": True, "photo": True}).to_list(None)
        said: set[str] = {row.get("media") or urls.get(row.get("url", ""), "") for row in rows}
        return (said | photo_files(rows)).intersection(names)

    async def erase_files(self, chat_id: int, below: int | None) -> set[str]:
        """Remove the content of entries with files below this seq (None: all) that no member may read any more.

        The entries keep their numbers and client ids. Returns the names of the files.
        """
        keys: Row = {"$gte": entry_key(chat_id, 1), "$lt": entry_key(chat_id if below else chat_id + 1, below or 0)}
        sent = {"_id": keys, "url": {"$exists": True}}
        photos = {"_id": keys, "photo.full": {"$exists": True}}
        previews = {"_id": keys, "preview.picture.url": {"$exists": True}}
        query = {"_id": keys, "$or": [*({path: {"$exists": True}} for path in _FILE_PATHS)]}
        fields = {"url": True, "photo": True, "media": True}
        rows = await self._entries.find(query, fields).hint("_id_").to_list(None)
        if rows:
            gone = dict.fromkeys(GONE_FIELDS, "")
            await self._entries.update_many(sent, {"$set": {"deleted": True}, "$unset": gone}, hint="_id_")
            await self._entries.update_many(photos, {"$set": {"photo": None}}, hint="_id_")
            blank: Row = {"$set": {"preview": None}, "$unset": {"media": ""}}
            await self._entries.update_many(previews, blank, hint="_id_")
        names = {row.get("media") or media_named(row.get("url", "")) for row in rows}
        return {name for name in names if name is not None} | photo_files(rows)

    async def name_files(self) -> None:
        """Note at the start which files messages of earlier versions point to by a whole URL; others are found by theirs."""
        unnamed = {"url": {"$regex": "^http"}, "media": {"$exists": False}}
        async for row in self._entries.find(unnamed, {"url": True}).hint("url"):
            name = media_named(row["url"])
            if name is not None:
                await self._entries.update_one({"_id": row["_id"], "url": row["url"]}, {"$set": {"media": name}})

    async def apply(self, change: Entry) -> set[str]:
        """Bring a message up to date with one stored change. Doing it twice, or out of order, does no harm.

        Returns the names of the stored files that a deleted message pointed to, itself or by a preview, and that may be unused now.
        """
        body = change.body
        if not isinstance(body, MessageChange):
            raise TypeError(f"{change.kind} changes no message")
        target = {"_id": entry_key(change.chat_id, body.of)}
        row = await self._entries.find_one(target, {"url": True}) if isinstance(body, Deletion) else None
        written = await self._entries.bulk_write([_update(target, change), self._settled(change)], ordered=True)
        gone = None if row is None else media_named(row.get("url", ""))
        files = {gone} if gone is not None else set()
        if isinstance(body, Deletion):
            return files | await self._erased.erase_changes({change.chat_id: [body.of]}, WORDS_CHANGES)
        # Unless both were found, the message may be gone, and with it what is said of it, whichever was stored first.
        if isinstance(body, WordsChange) and written.matched_count < 2:
            gone_message: Row | None = await self._entries.find_one(target | {"deleted": True}, {"_id": True})
            if gone_message is not None:
                return files | await self._erased.erase_changes({change.chat_id: [body.of]}, WORDS_CHANGES)
        return files

    async def settle(self, change: Entry) -> None:
        """Note that a change of the chat itself has been applied elsewhere (Chats.apply)."""
        await self._entries.bulk_write([self._settled(change)])

    def _settled(self, change: Entry) -> UpdateOne:
        return UpdateOne({"_id": entry_key(change.chat_id, change.seq)}, {"$unset": {"pending": ""}})

    async def _page(
        self, chat_id: int, first: int, last: int, limit: int, *, newest_first: bool, only_messages: bool
    ) -> list[Row]:
        query: Row = {
            "_id": {"$gte": entry_key(chat_id, max(first, 1)), "$lte": entry_key(chat_id, min(last, SEQ_MAX))}
        }
        if only_messages:
            query |= {"chat": chat_id, "kind": Kind.MESSAGE.value, "hidden_from": None}
        cursor = self._entries.find(query).sort("_id", -1 if newest_first else 1)
        if only_messages:
            cursor = cursor.hint("said")
        return list(await cursor.limit(limit).to_list(limit))


def visible(entries: Sequence[Entry], member: Member) -> list[Entry]:
    """Returns the entries that a member may see: within its spans, not hidden from it, not deleted by it for itself.

    An edit or a preview of a message that the member may not see is there without its text, since seqs have no holes. For a former member
    the entries must be as they were when it left (`Entries.as_shown_to`).
    """
    me = member.account_id
    return [
        without_text(entry)
        if isinstance(entry.body, WordsChange) and (me in entry.hidden_by or not member.may_view(entry.body.of))
        else entry
        for entry in entries
        if member.may_view(entry.seq)
        and me not in entry.hidden_from
        and not (me in entry.hidden_by and isinstance(entry.body, Message))
    ]


def _as_shown(entry: Entry, deleted: Names[int], over: Names[int], hidden: Mapping[int, tuple[int, ...]]) -> Entry:
    """Returns an entry as it may be shown, given the seqs of messages that are gone, or hidden by these accounts."""
    if not isinstance(entry.body, MessageChange):
        return entry
    of = entry.body.of
    if of in over:
        return as_over(entry)
    if of in deleted:
        return without_text(entry)
    return replace(entry, hidden_by=hidden[of]) if of in hidden else entry


def overlay(rows: Sequence[Row], entries: list[Entry], changes: Sequence[Entry]) -> list[Entry]:
    """Returns entries with the pending changes applied to them. `rows` are what the entries were read from."""
    if not changes:
        return entries
    row_of = {entry.seq: row for entry, row in zip(entries, rows, strict=True)}
    by_seq = {entry.seq: entry for entry in entries}
    for change in changes:
        body = change.body
        if isinstance(body, MessageChange) and body.of in by_seq:
            # A newer reaction of the same person may have been applied already, and only its row remembers that.
            reacted = row_of[body.of].get("reactions", {}).get(str(change.sender_id), {})
            if not isinstance(body, Reaction) or reacted.get("seq", 0) <= change.seq:
                by_seq[body.of] = with_change(by_seq[body.of], change)
    return list(by_seq.values())


def _update(target: Row, change: Entry) -> UpdateOne:
    """Returns the update of a row for one change. The newest change of each kind wins, in whatever order they come."""
    match change.body:
        case Edit(_, text, mentions):
            newer = {"edit_seq": {"$not": {"$gte": change.seq}}, "deleted": {"$ne": True}}
            # A media message's caption is its text.
            edited = {"$cond": [{"$eq": ["$type", "t"]}, text_literal(text), "$$REMOVE"]}
            caption = {"$cond": [{"$eq": ["$type", "t"]}, "$$REMOVE", text_literal(text)]}
            said: Row = {"$cond": [{"$eq": ["$type", "t"]}, "$text", "$caption"]}
            # A field that is not there is none of `first` either.
            first: Row = {"$ifNull": ["$first", {"text": {"$ifNull": [said, None]}, "mentions": "$mentions"}]}
            edit = {"text": edited, "caption": caption, "edited_at": change.at, "edit_seq": change.seq, "first": first}
            edit["mentions"] = {"$literal": mention_rows(mentions)} if mentions else "$$REMOVE"
            return UpdateOne(target | newer, [{"$set": edit}])
        case Deletion():
            return UpdateOne(target, {"$set": {"deleted": True}, "$unset": dict.fromkeys(GONE_FIELDS, "")})
        case Reaction(_, emoji):
            path = f"reactions.{change.sender_id}"
            newer = {f"{path}.seq": {"$not": {"$gte": change.seq}}, "deleted": {"$ne": True}}
            return UpdateOne(target | newer, {"$set": {path: {"emoji": emoji, "seq": change.seq}}})
        case Previewed(_, edit, preview):
            # Of a newer text; of two of one text the first one stays.
            newer = {"deleted": {"$ne": True}, "$or": _older_previews(edit, change.seq)}
            made = {"edit": edit, "seq": change.seq, "preview": preview_row(preview)}
            return UpdateOne(target | newer, {"$set": {"previewed": made}})
        case Pin(_, pinned):
            newer = {"pin.seq": {"$not": {"$gte": change.seq}}, "deleted": {"$ne": True}}
            # Without `at` the row is not among the pinned ones; it remembers which entry said so.
            pin: Row = {"at": change.at, "by": change.sender_id} if pinned else {}
            return UpdateOne(target | newer, {"$set": {"pin": pin | {"seq": change.seq}}})
        case Vote(_, options):
            # One number for each account, of which the latest vote is the highest.
            vote = pack_vote(change.seq, options or ())
            return UpdateOne(target | {"deleted": {"$ne": True}}, {"$max": {f"votes.{change.sender_id}": vote}})
        case _:
            raise TypeError(f"{change.kind} changes no message")


def _older_previews(edit: int, seq: int) -> list[Row]:
    """Returns the conditions under which a row holds no preview, or one that this one replaces."""
    return [
        {"previewed.edit": {"$not": {"$gte": edit}}},
        {"previewed.edit": edit, "previewed.seq": {"$gt": seq}},
    ]


def text_literal(text: str) -> Row:
    """Returns the expression for a text that a pipeline must not read as a field's name."""
    return {"$literal": text}
