"""`/chat`: messages, their changes, history and catching up."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from uuid import uuid4

from typing_extensions import override

from handlers.sockets.base import Answer, BaseNamespace, Body, ClientConnection, NamespaceContext, Pending
from handlers.wire.sockets.chats import show_chat_page, show_page, show_sync
from handlers.wire.sockets.entries import show_entry, show_message
from handlers.wire.sockets.packets import CHAT
from handlers.wire.sockets.requests import (
    CLIENT_ID_MAX_CHARS,
    EMOJI_MAX_CHARS,
    find_exact,
    find_seq,
    read_client_id,
    read_cursors,
    read_int,
    read_message,
    read_seq,
    read_target,
    read_text,
)
from models.documents.entry import Deletion, Edit, MessageChange, Reaction
from models.documents.target import ChatRef
from models.errors import DomainError, Malformed
from models.services.chats.change import ChangeMessage
from models.services.chats.history import PAGE_MAX as HISTORY_MAX
from models.services.chats.history import ReadHistory
from models.services.chats.listing import PAGE_MAX as CHATS_MAX
from models.services.chats.listing import ListChats, SendReady
from models.services.chats.send import FindStored, SendMessage, message_of
from models.services.chats.sync import SyncChats
from models.services.runtime.admission import ConnectAdmission
from models.stores.pending_draft import Stored

Submission = Awaitable["asyncio.Future[Stored]"]


class ChatNamespace(BaseNamespace):
    """Requests that write are admitted in the order in which the connection sent them, and answered as they are stored."""

    name = CHAT

    def __init__(
        self,
        gate: NamespaceContext,
        send: SendMessage,
        change: ChangeMessage,
        find_stored: FindStored,
        history: ReadHistory,
        sync: SyncChats,
        chats: ListChats,
        greet: SendReady,
        connect_admission: ConnectAdmission,
        *,
        text_max_chars: int,
    ) -> None:
        super().__init__(gate)
        self._send = send
        self._change = change
        self._find_stored = find_stored
        self._history = history
        self._sync = sync
        self._chats = chats
        self._greet = greet
        self._doorkeeper = connect_admission
        self._text_max_chars = text_max_chars

    @override
    async def take_turn(self, connection: str) -> bool:
        # A client joins this namespace first of its five, and no other costs the database as much.
        return await self._doorkeeper.admit(partial(self._gate.lobby.is_here, connection))

    @override
    async def entered(self, caller: ClientConnection) -> None:
        await self._greet(caller.actor, caller.connection)

    def on_message_send(self, caller: ClientConnection, body: Body) -> Awaitable[Answer] | Pending:
        """{chat or contact or group, client_id, type = "t", …} -> {message}."""
        target, client_id = read_target(body), read_client_id(body)
        try:
            message = read_message(body, self._text_max_chars)
        except DomainError as refusal:
            return self._finish_send(self._again(caller, body, target, refusal))
        if caller.is_first:
            future = self._send.submit_now(caller.actor, target, message, client_id)
            if future is not None:
                return Pending(future, self._show_sent)
        return self._finish_send(caller.in_turn(self._send.submit(caller.actor, target, message, client_id)))

    async def _finish_send(self, submission: Submission) -> Answer:
        return self._show_sent(await (await submission))

    def _show_sent(self, stored: Stored) -> Answer:
        return {"message": show_message(message_of(stored))}

    def on_message_edit(self, caller: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, text, client_id?} -> {message, entry}: the message as it is now, and the edit in the log."""
        target, seq = read_target(body), read_seq(body)
        try:
            text = read_text(body, "text", self._text_max_chars)
        except DomainError as refusal:
            return self._finish_change(self._again(caller, body, target, refusal), Edit)
        edit = self._change.submit_edit(caller.actor, target, seq, text, _client_id(body))
        return self._finish_change(caller.in_turn(edit), Edit)

    def on_message_delete(self, caller: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, scope: "all" or "me", client_id?} -> {message, entry} or, for "me", {chat, of}."""
        target, seq = read_target(body), read_seq(body)
        scope = body.get("scope", "all")
        if scope not in ("all", "me"):
            raise Malformed('scope: must be "all" or "me".')
        if scope == "me":
            return self._hide(caller, target, seq)
        deletion = self._change.submit_deletion(caller.actor, target, seq, _client_id(body))
        return self._finish_change(caller.in_turn(deletion), Deletion)

    async def _hide(self, caller: ClientConnection, target: ChatRef, seq: int) -> Answer:
        return {"chat": await self._change.hide(caller.actor, target, seq), "of": seq}

    def on_reaction_set(self, caller: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, emoji or null, client_id?} -> {message, entry}."""
        target, seq = read_target(body), read_seq(body)
        try:
            emoji = find_exact(body, "emoji", EMOJI_MAX_CHARS)
        except DomainError as refusal:
            return self._finish_change(self._again(caller, body, target, refusal), Reaction)
        reaction = self._change.submit_reaction(caller.actor, target, seq, emoji, _client_id(body))
        return self._finish_change(caller.in_turn(reaction), Reaction)

    def _again(self, caller: ClientConnection, body: Body, target: ChatRef, refusal: DomainError) -> Submission:
        """What this was answered when it was right: what may be said, such as how long a text may be, changes between starts."""
        if body.get("client_id") is None:
            raise refusal
        return caller.in_turn(self._find_stored.answer(caller.actor, target, read_client_id(body), refusal))

    async def _finish_change(self, submission: Submission, kind: type[MessageChange]) -> Answer:
        entry, message = await self._change.finish(await submission, kind)
        return {"message": show_message(message), "entry": show_entry(entry)}

    async def on_history(self, caller: ClientConnection, body: Body) -> Answer:
        """{chat, before? or after?, limit <= 200} -> {chat, entries, more, next, last_seq}."""
        before, after = find_seq(body, "before"), find_seq(body, "after")
        if before is not None and after is not None:
            raise Malformed("Give before or after, not both.")
        limit = read_int(body, "limit", 1, HISTORY_MAX, 50)
        return show_page(await self._history(caller.actor, read_target(body), before=before, after=after, limit=limit))

    async def on_sync(self, caller: ClientConnection, body: Body) -> Answer:
        """{cursors: {chat: seq}} -> {chats: [{chat, status, entries, last_seq, cursor, marks}], more}."""
        cursors = read_cursors(body)
        answer = await self._sync(caller.actor, cursors, began_at=caller.began_at)
        if not cursors:
            caller.began_at = answer.at
        return show_sync(answer)

    async def on_chats(self, caller: ClientConnection, body: Body) -> Answer:
        """{limit, before?} -> {chats, next}; `before` is the `next` of the page before."""
        limit = read_int(body, "limit", 1, CHATS_MAX, 50)
        return show_chat_page(
            await self._chats(caller.actor, limit=limit, before=find_exact(body, "before", CLIENT_ID_MAX_CHARS))
        )


def _client_id(body: Body) -> str:
    """A change without a client id is meant once each time it is sent."""
    return uuid4().hex if body.get("client_id") is None else read_client_id(body)
