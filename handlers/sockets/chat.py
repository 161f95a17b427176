"""`/chat`: messages, their changes, history and catching up."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

from typing_extensions import override

from handlers.sockets.base import Answer, BaseNamespace, Body, NamespaceContext, Pending
from handlers.sockets.chat_lifetimes import LifetimeRequests
from handlers.sockets.chat_messages import MessageRequests
from handlers.sockets.client import ClientConnection
from handlers.sockets.personal import PersonalRequests, PersonalServices
from handlers.wire.polls import read_choice
from handlers.wire.sockets.chats import show_chat_page, show_names, show_page, show_sync
from handlers.wire.sockets.entries import show_entry, show_message
from handlers.wire.sockets.mentions import read_mentions
from handlers.wire.sockets.packets import CHAT
from handlers.wire.sockets.requests import (
    CLIENT_ID_MAX_CHARS,
    EMOJI_MAX_CHARS,
    find_client_id,
    find_exact,
    find_seq,
    read_accounts,
    read_client_id,
    read_cursors,
    read_int,
    read_message,
    read_seq,
    read_target,
    read_text,
)
from handlers.wire.sockets.search import read_search, show_search
from models.documents.chat_ref import ChatRef
from models.documents.entry import Deletion, Edit, Message, MessageChange, Pin, Reaction, Stored, Vote
from models.errors import DomainError, Malformed
from models.services.chats.change import ChangeMessage
from models.services.chats.expiry import ClearChat, SetExpiry
from models.services.chats.forward import ForwardMessage
from models.services.chats.history import PAGE_MAX as HISTORY_MAX
from models.services.chats.history import ReadHistory
from models.services.chats.listing import PAGE_MAX as CHATS_MAX
from models.services.chats.listing import ListChats, SendReady
from models.services.chats.member_names import NAMES_MAX, ListMemberNames
from models.services.chats.pins import ListPinned
from models.services.chats.send import FindStored, SendMessage, message_of
from models.services.chats.sync import SyncChats
from models.services.chats.wordings import ListWordings
from models.services.runtime.admission import ConnectAdmission
from models.services.search.search import SearchMessages

Submission = Awaitable["asyncio.Future[Stored]"]


class ChatNamespace(MessageRequests, LifetimeRequests, PersonalRequests, BaseNamespace):
    """Requests that write begin in the order in which the connection sent them, and are answered when they are stored."""

    name = CHAT

    def __init__(
        self,
        context: NamespaceContext,
        send: SendMessage,
        change: ChangeMessage,
        find_stored: FindStored,
        history: ReadHistory,
        sync: SyncChats,
        chats: ListChats,
        member_names: ListMemberNames,
        send_ready: SendReady,
        connect_admission: ConnectAdmission,
        set_expiry: SetExpiry,
        clear: ClearChat,
        forward: ForwardMessage,
        list_wordings: ListWordings,
        list_pinned: ListPinned,
        personal: PersonalServices,
        search: SearchMessages,
        *,
        text_max_chars: int,
    ) -> None:
        super().__init__(context)
        self._send = send
        self._change = change
        self._find_stored = find_stored
        self._history = history
        self._sync = sync
        self._chats = chats
        self._member_names = member_names
        self._send_ready = send_ready
        self._connect_admission = connect_admission
        self._set_expiry = set_expiry
        self._clear = clear
        self._forward = forward
        self._list_wordings = list_wordings
        self._list_pinned = list_pinned
        self._personal = personal
        self._search = search
        self._text_max_chars = text_max_chars

    @override
    async def wait_for_admission(self, connection: str) -> bool:
        # Clients join this namespace first, and no other costs the database as much.
        return await self._connect_admission.admit(partial(self._context.registry.is_here, connection))

    @override
    async def joined(self, client: ClientConnection) -> None:
        await self._send_ready(client.actor, client.connection)

    def on_message_send(self, client: ClientConnection, body: Body) -> Awaitable[Answer] | Pending:
        """{chat or contact or group, client_id, type = "t", …, mentions?} -> {message}."""
        target, client_id = read_target(body), read_client_id(body)
        try:
            message = self._read_message(body)
        except DomainError as refusal:
            return self._finish_send(self._again(client, body, target, refusal))
        if client.is_first:
            future = self._send.submit_now(client.actor, target, message, client_id)
            if future is not None:
                return Pending(future, self._show_sent)
        return self._finish_send(client.in_turn(self._send.submit(client.actor, target, message, client_id)))

    def _read_message(self, body: Body) -> Message:
        message = read_message(body, self._text_max_chars)
        if "mentions" not in body:  # as in most messages
            return message
        return replace(message, mentions=read_mentions(body, message.words))

    async def _finish_send(self, submission: Submission) -> Answer:
        return self._show_sent(await (await submission))

    def _show_sent(self, sent: Stored) -> Answer:
        return {"message": show_message(message_of(sent))}

    def on_message_edit(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, text, mentions?, client_id?} -> {message, entry}: the message as it is now, and the edit in the log."""
        target, seq = read_target(body), read_seq(body)
        try:
            text = read_text(body, "text", self._text_max_chars)
            mentions = read_mentions(body, text)
        except DomainError as refusal:
            return self._finish_change(self._again(client, body, target, refusal), Edit)
        edit = self._change.submit_edit(client.actor, target, seq, text, find_client_id(body), mentions)
        return self._finish_change(client.in_turn(edit), Edit)

    def on_message_delete(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, scope: "all" or "me", client_id?} -> {message, entry} or, for "me", {chat, of}."""
        target, seq = read_target(body), read_seq(body)
        scope = body.get("scope", "all")
        if scope not in ("all", "me"):
            raise Malformed('scope: must be "all" or "me".')
        if scope == "me":
            return self._hide(client, target, seq)
        deletion = self._change.submit_deletion(client.actor, target, seq, find_client_id(body))
        return self._finish_change(client.in_turn(deletion), Deletion)

    async def _hide(self, client: ClientConnection, target: ChatRef, seq: int) -> Answer:
        return {"chat": await self._change.hide(client.actor, target, seq), "of": seq}

    def on_reaction_set(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, emoji or null, client_id?} -> {message, entry}."""
        target, seq = read_target(body), read_seq(body)
        try:
            emoji = find_exact(body, "emoji", EMOJI_MAX_CHARS)
        except DomainError as refusal:
            return self._finish_change(self._again(client, body, target, refusal), Reaction)
        reaction = self._change.submit_reaction(client.actor, target, seq, emoji, find_client_id(body))
        return self._finish_change(client.in_turn(reaction), Reaction)

    def on_message_pin(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, pinned, client_id?} -> {message, entry}."""
        target, seq, pinned = read_target(body), read_seq(body), body.get("pinned")
        if not isinstance(pinned, bool):
            raise Malformed("pinned: must be true or false.")
        pin = self._change.submit_pin(client.actor, target, seq, find_client_id(body), pinned=pinned)
        return self._finish_change(client.in_turn(pin), Pin)

    def on_vote(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, options: [index], client_id?} -> {message, entry}; no options take a vote back."""
        target, seq = read_target(body), read_seq(body)
        try:
            options = read_choice(body, "options")
        except DomainError as refusal:
            return self._finish_change(self._again(client, body, target, refusal), Vote)
        vote = self._change.submit_vote(client.actor, target, seq, options, find_client_id(body))
        return self._finish_change(client.in_turn(vote), Vote)

    def _again(self, client: ClientConnection, body: Body, target: ChatRef, refusal: DomainError) -> Submission:
        """Returns the stored answer to a repeated request that would be refused now: limits may change between starts."""
        if body.get("client_id") is None:
            raise refusal
        return client.in_turn(self._find_stored.answer(client.actor, target, read_client_id(body), refusal))

    async def _finish_change(self, submission: Submission, kind: type[MessageChange]) -> Answer:
        entry, message = await self._change.finish(await submission, kind)
        return {"message": show_message(message), "entry": show_entry(entry)}

    async def on_history(self, client: ClientConnection, body: Body) -> Answer:
        """{chat, before? or after?, limit <= 200} -> {chat, entries, more, next, last_seq}."""
        before, after = find_seq(body, "before"), find_seq(body, "after")
        if before is not None and after is not None:
            raise Malformed("Give before or after, not both.")
        limit = read_int(body, "limit", 1, HISTORY_MAX, 50)
        return show_page(await self._history(client.actor, read_target(body), before=before, after=after, limit=limit))

    async def on_sync(self, client: ClientConnection, body: Body) -> Answer:
        """{cursors: {chat: seq}} -> {chats: [{chat, status, entries, last_seq, cursor, marks}], more}."""
        cursors = read_cursors(body)
        answer = await self._sync(client.actor, cursors, began_at=client.began_at)
        if not cursors:
            client.began_at = answer.at
        return show_sync(answer)

    async def on_chats(self, client: ClientConnection, body: Body) -> Answer:
        """{limit, before?} -> {chats, next}; `before` is the `next` of the page before."""
        limit = read_int(body, "limit", 1, CHATS_MAX, 50)
        return show_chat_page(
            await self._chats(client.actor, limit=limit, before=find_exact(body, "before", CLIENT_ID_MAX_CHARS))
        )

    async def on_names(self, client: ClientConnection, body: Body) -> Answer:
        """{chat or contact or group, accounts: [id]} -> {chat, names: [{account, contact, name}]}."""
        return show_names(*await self._member_names(client.actor, read_target(body), read_accounts(body, NAMES_MAX)))

    async def on_search(self, client: ClientConnection, body: Body) -> Answer:
        """{query, chat or contact or group?, from?, kind?, before?, limit <= 50} -> {hits, next}."""
        return show_search(await self._search(client.actor, read_search(body)))
