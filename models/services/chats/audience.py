"""Decides who is told of an entry of a log: a pure rule over a roster that is loaded already."""

from collections.abc import Collection

from models.documents.chat import Chat, Roster
from models.documents.entry import Entry, Left, WordsChange, shown_to, without_text
from models.facts import EntryAdded

# A fact and the accounts that are told of it. With a chat, all of them have been in it for a while: nodes listen to the channel of
# a large one for them.
Announcement = tuple[EntryAdded, Collection[int], Chat | None]


def has_old_audience(entry: Entry, roster: Roster) -> bool:
    """Returns whether the members changed behind this entry already, so that it is for those who were in the chat then."""
    return entry.seq < roster.changed


def has_old_readers(entry: Entry, roster: Roster) -> bool:
    """Returns whether the members changed since the message of an edit, a preview or a vote was sent: later ones are shown no text of it."""
    return isinstance(entry.body, WordsChange) and entry.body.of < roster.changed


def list_announcements(
    entry: Entry,
    roster: Roster,
    came: Collection[int] = (),
    *,
    audience: Collection[int] | None = None,
    readers: Collection[int] | None = None,
) -> tuple[list[Announcement], Collection[int]]:
    """Returns what is told of an entry to whom, and all accounts that are told of its content.

    `came`: accounts that joined a large chat by it, whose nodes may not listen to its channel yet. `audience`: the accounts that
    were in the chat at the entry, if `has_old_audience`. `readers`: those at the message of an edit, if `has_old_readers`.
    The author of a vote in a secret poll is told apart from the others, who are not told who it is.
    """
    members: Collection[int] = roster.members
    chat: Chat | None = roster.chat
    apart = came
    if audience is not None:
        members, chat = audience, None  # nodes no longer listen to the channel for members who have left since
    elif isinstance(entry.body, Left):
        members, apart = {*members, entry.body.account}, [entry.body.account]
    if entry.hidden_from:
        members = set(members).difference(entry.hidden_from)
    found: list[Announcement] = []
    if entry.hides_author and entry.sender_id in members:
        found.append((EntryAdded(shown_to(entry, entry.sender_id), roster.chat), [entry.sender_id], None))
        members = set(members) - {entry.sender_id}
    if readers is not None:
        found.append((EntryAdded(without_text(entry), roster.chat), set(members).difference(readers), chat))
        members = set(readers).intersection(members)
    former = _list_former(entry, roster, members)
    if former:
        found.append((EntryAdded(entry, roster.chat, for_former=True), former, None))
    shown = EntryAdded(entry, roster.chat)
    rest: Collection[int] = set(members) - former if former else members
    if apart and chat is not None and chat.is_large:
        alone = set(rest).intersection(apart)
        found.append((shown, alone, None))
        rest = set(rest) - alone
    if rest:
        found.append((shown, rest, chat))
    return found, members


def _list_former(entry: Entry, roster: Roster, members: Collection[int]) -> set[int]:
    """Returns the accounts of an entry's audience that have left the chat, if the chat was changed since."""
    if max(roster.chat.subject_seq, roster.chat.photo_seq, roster.chat.expiry_seq) <= entry.seq:
        return set()
    if roster.known < roster.changed:
        return set(members)  # somebody may have left, and the chat have been changed, while the roster was read
    return set(members).difference(roster.members)
