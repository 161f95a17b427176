"""Facts as packets: the namespace, the name and the body that clients receive (docs/protocol.md, "Events")."""

from collections.abc import Mapping

from handlers.wire.events.live import show_live_event, show_live_poll, show_live_rsvp
from handlers.wire.sockets.chats import show_chat, show_head
from handlers.wire.sockets.entries import show_entry, show_message, show_time
from handlers.wire.sockets.stars import show_settings_set, show_star_set
from models.documents.entry import Kind
from models.facts import (
    ChatCleared,
    ChatListed,
    ChatSettingsChanged,
    EntryAdded,
    EventUpdated,
    Fact,
    MessageHidden,
    PollCreated,
    Ready,
    ReceiptAdvanced,
    Resync,
    RsvpUpdated,
    SignedInElsewhere,
    TypingChanged,
    VisiblePresence,
)

CHAT, TYPING, PRESENCE, RECEIPTS, EVENTS = "/chat", "/typing", "/presence", "/receipts", "/events"
NAMESPACES = (CHAT, TYPING, PRESENCE, RECEIPTS, EVENTS)

_CHANGES: Mapping[Kind, str] = {
    Kind.EDIT: "message_edited",
    Kind.DELETION: "message_deleted",
    Kind.REACTION: "reaction_changed",
    Kind.PREVIEW: "link_previewed",
    Kind.PIN: "message_pinned",
    Kind.VOTE: "vote_changed",
}


def packet_of(event: Fact) -> tuple[str, str, dict[str, object]]:
    """Returns the namespace, the name and the body of the packet for a fact."""
    match event:
        case EntryAdded():
            return CHAT, *_show_added(event)
        case ChatListed(chat, peer_number):
            return CHAT, "chat_changed", show_chat(chat, peer_number)
        case MessageHidden() | ChatCleared():
            return CHAT, *_show_hidden(event)
        case TypingChanged(chat_id, account_id, state, expires_in_ms):
            return TYPING, "typing", _typing(chat_id, account_id, state, expires_in_ms)
        case VisiblePresence():
            return PRESENCE, "presence", show_presence(event)
        case ReceiptAdvanced(chat_id, account_id, delivered, read):
            return (
                RECEIPTS,
                "receipt",
                {"chat": chat_id, "account": account_id, "delivered": delivered, "read": read},
            )
        case EventUpdated() | RsvpUpdated() | PollCreated():
            return EVENTS, *_show_planned(event)
        case Ready():
            return CHAT, "ready", _show_ready(event)
        case SignedInElsewhere(session_id, device, at):
            return CHAT, "signed_in", {"session": session_id, "device": device, "at": show_time(at)}
        case Resync():
            return CHAT, "resync", {}
        case ChatSettingsChanged(entry, settings):
            return CHAT, "chat_settings_changed", show_settings_set(entry, settings)


def _show_hidden(event: MessageHidden | ChatCleared) -> tuple[str, dict[str, object]]:
    match event:
        case MessageHidden(chat_id, of, account_id):
            return "message_deleted", {"chat": chat_id, "of": of, "account": account_id, "scope": "me"}
        case ChatCleared(chat_id, up_to):
            return "chat_cleared", {"chat": chat_id, "up_to": up_to}


def _show_planned(event: EventUpdated | RsvpUpdated | PollCreated) -> tuple[str, dict[str, object]]:
    match event:
        case EventUpdated():
            return "event_changed", show_live_event(event)
        case RsvpUpdated():
            return "rsvp_changed", show_live_rsvp(event)
        case PollCreated():
            return "poll_added", show_live_poll(event)


def show_presence(shown: VisiblePresence) -> dict[str, object]:
    """Returns `{"contact", "status": "online" / "offline" / "deny" / null, "last_seen"}`; null if the viewer's own privacy hides all."""
    last_seen = None if shown.last_seen is None else show_time(shown.last_seen)
    return {"contact": shown.number, "status": shown.status, "last_seen": last_seen}


def _show_added(event: EntryAdded) -> tuple[str, dict[str, object]]:
    entry = event.entry
    if entry.kind is Kind.MESSAGE:
        return "message_created", {"message": show_message(entry)}
    if entry.kind in _CHANGES:
        return _CHANGES[entry.kind], show_entry(entry)
    if entry.kind is Kind.STAR:
        return "star_changed", show_star_set(entry)
    shown = show_chat(event.chat, until=entry.seq if event.for_former else None)
    return "chat_changed", shown | {"last_seq": entry.seq, "change": show_entry(entry)}


def _typing(chat_id: int, account_id: int, state: str, expires_in_ms: int) -> dict[str, object]:
    return {"chat": chat_id, "account": account_id, "state": state, "expires_in_ms": expires_in_ms}


def _show_ready(event: Ready) -> dict[str, object]:
    return {
        "account": {"id": event.account.id, "number": event.account.number, "name": event.account.name},
        "device": event.session_id,
        "chats": [show_head(head, event.at) for head in event.heads],
        "next": event.next,
        "limits": event.limits,
    }
