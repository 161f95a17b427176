"""Decides who may read and write in a chat and who is told: pure rules over values that are loaded already.

Services with a fast path call a rule with what the caches hold, and else load the values and call the rule with these, so both
paths decide alike.
"""

from collections.abc import Collection
from dataclasses import replace

from models.documents.account import Account, either_blocks
from models.documents.chat import Chat, ChatKind, Pinners, Roster
from models.documents.entry import Entry, Mention, Message
from models.documents.session import Actor
from models.errors import ContactBlocked, Forbidden, MessageNotFound, NotAContact, ParticipantNotFound
from models.services.contacts.directory import Directory

PINS_MAX = 50  # pinned messages of a chat
Pair = tuple[Account, Account]  # me and the peer of a direct chat


async def load_pair(directory: Directory, chat: Chat, account_id: int) -> Pair | None:
    """Returns the two accounts of a direct chat, seen from one of them; None for any other chat."""
    if chat.kind is not ChatKind.DIRECT:
        return None
    return await directory.require(account_id), await directory.require(chat.peer_of(account_id))


def peek_pair(directory: Directory, chat: Chat, account_id: int) -> Pair | None:
    """Returns the two accounts of a direct chat if both are cached, else None."""
    me, peer = directory.peek(account_id), directory.peek(chat.peer_of(account_id))
    return None if me is None or peer is None else (me, peer)


def may_open(roster: Roster, account_id: int) -> bool:
    """Returns whether a chat exists for an account: it is a member, and something was said that it may see.

    The chat with oneself exists without that.
    """
    is_there = account_id not in roster.unlisted or roster.chat.kind is ChatKind.SELF
    return account_id in roster.roles and is_there


def is_complete(roster: Roster) -> bool:
    """Returns False for a direct chat that lacks a member row: it is being made, or its maker crashed over it."""
    pair, roles = roster.chat.pair, roster.roles
    return pair is None or (pair[0] in roles and pair[1] in roles)


def require_reply_target(message: Message) -> None:
    """Raises MessageNotFound for an answer to a message that cannot be there."""
    if message.reply_to is not None and message.reply_to < 1:
        raise MessageNotFound


def found_in(roster: Roster, mentions: Collection[Mention]) -> tuple[Mention, ...]:
    """Returns the mentions with the accounts of the members that they name. Raises ParticipantNotFound for the number of anybody else."""
    asked = {mention.number for mention in mentions}
    accounts = {number: account_id for account_id, number in roster.numbers.items() if number in asked}
    require_named(mentions, accounts)
    return tuple(replace(mention, account=accounts[mention.number]) for mention in mentions)


def require_named(mentions: Collection[Mention], numbers: Collection[str]) -> None:
    """Raises ParticipantNotFound for a mention of a number that is none of these."""
    for mention in mentions:
        if mention.number not in numbers:
            raise ParticipantNotFound(f"{mention.number} is not in this chat, and can be mentioned only there.")


def require_may_pin(roster: Roster, account_id: int) -> None:
    """Raises NotAnAdmin for a member of a group, or of the chat of an event, who may not pin. In direct chats both may."""
    if roster.chat.kind in (ChatKind.GROUP, ChatKind.EVENT) and roster.chat.pinners is not Pinners.ALL:
        roster.require_admin(account_id)


def require_unblocked(me: Account, peer: Account) -> None:
    """Raises ContactBlocked if an account has blocked the one it writes to."""
    if me.has_blocked(peer.number):
        raise ContactBlocked


def admit_to_direct(actor: Actor, pair: Pair, contact: Account) -> tuple[int, ...]:
    """Returns the accounts that a message in a direct chat is hidden from: the peer, if it has blocked the sender.

    `contact` is the account that the contact rule permits under the peer's number. Raises NotAContact if that is another
    account by now, which would read nothing in this chat, and ContactBlocked if the sender has blocked the peer.
    """
    me, peer = pair
    if contact.id != peer.id:
        raise NotAContact
    require_unblocked(me, peer)
    return (peer.id,) if peer.has_blocked(actor.number) else ()


def require_change_allowed(pair: Pair | None, message: Entry) -> None:
    """Raises ContactBlocked or Forbidden for a change of a message between two people of whom one blocked the other.

    A blocked sender may still change what is hidden from the peer anyway. In groups (`pair` is None) blocks do not matter.
    """
    if pair is None:
        return
    me, peer = pair
    require_unblocked(me, peer)
    if peer.has_blocked(me.number) and peer.id not in message.hidden_from:
        raise Forbidden


def require_may_set_expiry(roster: Roster, pair: Pair | None, account_id: int) -> None:
    """Raises the refusal of somebody who may not set how long messages of a chat stay.

    In groups and chats of events admins may; in a chat of two people both, unless one has blocked the other.
    """
    if roster.chat.kind in (ChatKind.GROUP, ChatKind.EVENT):
        roster.require_admin(account_id)
    elif pair is not None:
        me, peer = pair
        require_unblocked(me, peer)
        if peer.has_blocked(me.number):
            raise Forbidden


def shows_receipts(pair: Pair | None) -> bool:
    """Returns whether others are told of an account's receipts; not in a direct chat where one has blocked the other."""
    return pair is None or not either_blocks(*pair)


def typing_audience(roster: Roster, pair: Pair) -> Collection[int]:
    """Returns the accounts that are told of typing in a direct chat: the peer, or nobody.

    Nobody is told where one has blocked the other, and not a peer for whom the chat does not exist yet.
    """
    me, peer = pair
    if either_blocks(me, peer) or peer.id in roster.unlisted:
        return ()
    return {peer.id} - {me.id}


def list_for(roster: Roster, account_id: int, hidden_from: Collection[int]) -> dict[int, int]:
    """Returns the members in whose chat lists a message makes a direct chat appear: account id -> the other account's id."""
    peer_id = roster.chat.peer_of(account_id)
    others = {account_id: peer_id, peer_id: account_id}  # one in a chat with oneself
    return {
        viewer: other for viewer, other in others.items() if viewer in roster.unlisted and viewer not in hidden_from
    }
