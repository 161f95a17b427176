"""Lists the messages that an account has marked with a star, as far as it may see them now."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.entry import ANSWER_MAX_CHARS, Entry, Message, entry_key, split_key
from models.documents.session import Actor
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.stars import Star, Stars

PAGE_MAX = 200
READ_AT_ONCE = 25  # of messages with a star: a few may fill an answer
ROUNDS_MAX = 10  # pages read in search of one that shows something: messages with a star may be deleted by now


@dataclass(frozen=True, slots=True)
class StarredPage:
    """Messages, the one that was marked last first. `next` is the `before` of the next page; None when there is none."""

    messages: Sequence[Entry]
    next: int | None


@dataclass(frozen=True, slots=True)
class ListStarred:
    """Reads pages of stars. A page may be short and have a next one, since messages that are deleted or out of sight are left out."""

    resolve: ResolveChat
    memberships: MembershipCache
    members: Members
    entries: Entries
    stars: Stars

    async def __call__(self, actor: Actor, *, before: int | None, limit: int) -> StarredPage:
        """Returns the `limit` stars that were set before the entry `before` of the actor's own log, or the last ones."""
        own_id = await self.resolve.find_own(actor)
        if own_id is None:
            return StarredPage((), None)
        await self.memberships.catch_up_all([own_id])
        limit = min(limit, PAGE_MAX)
        place = None if before is None else entry_key(own_id, before)
        for _ in range(ROUNDS_MAX):
            found = await self.stars.list_newest(actor.account_id, limit=limit + 1, before=place)
            shown, taken = await self._fill(actor, found[:limit])
            place = taken[-1].by if taken else place
            if shown or len(taken) == len(found):
                break
        has_more = len(taken) < len(found)
        return StarredPage(shown, split_key(place)[1] if has_more and place is not None else None)

    async def _fill(self, actor: Actor, stars: Sequence[Star]) -> tuple[list[Entry], list[Star]]:
        """Returns the messages of the first of these stars, as many as fit into one answer, and those stars."""
        shown: list[Entry] = []
        taken: list[Star] = []
        chars = 0
        for first in range(0, len(stars), READ_AT_ONCE):
            some = stars[first : first + READ_AT_ONCE]
            messages = await self._find_messages(actor, some)
            for star in some:
                message = messages.get(star.of)
                chars += 0 if message is None else message.chars
                if chars > ANSWER_MAX_CHARS and shown:
                    return shown, taken
                taken.append(star)
                if message is not None:
                    shown.append(message)
        return shown, taken

    async def _find_messages(self, actor: Actor, stars: Sequence[Star]) -> dict[int, Entry]:
        """Returns those messages with these stars that the actor may see and that are not deleted, by their keys."""
        places = [split_key(star.of) for star in stars]
        chat_ids = {chat_id for chat_id, _ in places}
        # In this order nobody reads behind its own departure (see ReadChatSummaries).
        found = await self.entries.list_at(places)
        await self.memberships.catch_up_all(chat_ids)
        messages: dict[int, Entry] = {}
        for member in await self.members.list_memberships(actor.account_id, chat_ids):
            of_chat = [entry for entry in found if entry.chat_id == member.chat_id]
            for entry in await self.entries.as_shown_to(member, of_chat):
                if isinstance(entry.body, Message) and not entry.is_deleted:
                    messages[entry_key(entry.chat_id, entry.seq)] = entry
        return messages
