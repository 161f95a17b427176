"""Forwards messages: one that the actor may read is sent on to other chats as a copy of its own."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from models.documents.chat_ref import ChatRef
from models.documents.entry import ANSWER_MAX_CHARS, Message, Stored, chars_of
from models.documents.media import media_named
from models.documents.session import Actor
from models.errors import ClientIdReused, DomainError, TooLong
from models.services.chats.find_message import FindMessage
from models.services.chats.send import FindStored, RequireRecipient, SendMessage
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.media_holds import MediaHolds
from models.tasks import BackgroundTasks

TARGETS_MAX = 20


@dataclass(frozen=True, slots=True)
class ForwardMessage:
    """Sends a message on to up to TARGETS_MAX chats, all or none of them.

    Every target is checked as a send would be before anything is stored, so a refusal of one, which names it, leaves nothing behind.
    What is stored then is one message in each chat, under the same client id; a request that is sent again, after a fault in the
    middle, stores what is missing and answers with the rest as it was stored. Each target costs what a send costs.

    The copy says how often it was forwarded and not from where. It points to the same file, which stays as long as either message.
    """

    find: FindMessage
    send: SendMessage
    require_recipient: RequireRecipient
    find_stored: FindStored
    holds: MediaHolds
    limit: TokenBuckets
    settling: BackgroundTasks = field(default_factory=BackgroundTasks)

    async def __call__(
        self, actor: Actor, source: ChatRef, seq: int, targets: Sequence[ChatRef], client_id: str
    ) -> Sequence[Stored]:
        """Forward a message and wait until it is stored in all chats. Returns what is stored, in the order of the targets."""
        return await (await self.submit(actor, source, seq, targets, client_id))

    async def submit(
        self, actor: Actor, source: ChatRef, seq: int, targets: Sequence[ChatRef], client_id: str
    ) -> "asyncio.Future[Sequence[Stored]]":
        """Append the copies to the logs of their chats, behind all that was submitted before.

        Raises what FindMessage raises of the source, what a send raises of a target, ClientIdReused, RateLimited, and TooLong for more
        copies than fit into one answer.
        """
        self.limit.take(actor.account_id)
        self.limit.charge(actor.account_id, len(targets) - 1)
        async with AsyncExitStack() as holding:
            try:
                message = await self._copy(actor, source, seq, holding)
                for place, target in enumerate(targets):
                    await self._check(actor, target, place, client_id)
                if len(targets) > 1 and len(targets) * chars_of(message) > ANSWER_MAX_CHARS:
                    raise TooLong("The message is too long for so many chats at once; name fewer of them.")
            except DomainError as refusal:
                return await self._answer_again(actor, targets, client_id, refusal)
            appended: list[asyncio.Future[Stored]] = []
            try:
                for target in targets:
                    appended.append(await self.send.append(actor, target, message, client_id))  # noqa: PERF401 (those before a fault count)
            except BaseException:
                # What was appended is being written all the same, and needs the file until then.
                _ = self.settling.start("copies of a forward that failed", _settle(appended, holding.pop_all()))
                raise
            # A client that goes away ends nobody's hold of the file before all is stored.
            return asyncio.shield(asyncio.ensure_future(_store(appended, holding.pop_all())))

    async def _copy(self, actor: Actor, source: ChatRef, seq: int, holding: AsyncExitStack) -> Message:
        message = (await self.find(actor, source, seq)).body
        name = media_named(message.url or "")
        if name is not None and not await holding.enter_async_context(self.holds.hold(name)):
            # Its file may have gone with its last message while this one was read.
            message = (await self.find(actor, source, seq)).body
        return message.as_forwarded()

    async def _check(self, actor: Actor, target: ChatRef, place: int, client_id: str) -> None:
        try:
            await self.require_recipient.check(actor, target)
            stored = await self.find_stored(actor, target, client_id)
            if stored is not None and not isinstance(stored.body, Message):
                raise ClientIdReused
        except DomainError as refusal:
            refusal.message = f"to[{place}]: {refusal.message}"
            raise

    async def _answer_again(
        self, actor: Actor, targets: Sequence[ChatRef], client_id: str, refusal: DomainError
    ) -> "asyncio.Future[Sequence[Stored]]":
        """Returns what was stored in all of these chats; raises the refusal if it was not, or is worth trying again."""
        again = [await self.find_stored.answer(actor, target, client_id, refusal) for target in targets]
        return asyncio.ensure_future(asyncio.gather(*again))


async def _store(appended: Sequence["asyncio.Future[Stored]"], holding: AsyncExitStack) -> Sequence[Stored]:
    """Wait until each of these is stored or has failed, and end the hold. Returns what is stored, or raises the first fault."""
    await _settle(appended, holding)
    return [future.result() for future in appended]


async def _settle(appended: Sequence["asyncio.Future[Stored]"], holding: AsyncExitStack) -> None:
    async with holding:
        await asyncio.gather(*appended, return_exceptions=True)
