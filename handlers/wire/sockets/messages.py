"""Answers about single messages, on the sockets and on REST: what is pinned, forwarded, changed, and what a message said before."""

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from handlers.wire.sockets.entries import EntryShown, show_entry, show_time
from handlers.wire.sockets.requests import read_target
from handlers.wire.times import Time
from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry
from models.errors import Malformed
from models.services.chats.forward import TARGETS_MAX
from models.services.chats.wordings import Wording


class WordingShown(TypedDict):
    """What a message said, and since when."""

    text: str
    at: Time


class WordingsShown(TypedDict):
    """What a message has said, the first wording first."""

    wordings: list[WordingShown]


class MessagesListShown(TypedDict):
    messages: list[EntryShown]


class PinnedShown(TypedDict):
    """The pinned messages of a chat, the last pinned one first."""

    chat: int
    messages: list[EntryShown]


class ChangedMessageShown(TypedDict):
    """A message as it is now, and the entry of the log by which it changed."""

    message: EntryShown
    entry: EntryShown


def read_targets(body: Mapping[str, Any]) -> list[ChatRef]:
    """Returns `to`: chats, each named as in any request. Raises Malformed for none and for too many."""
    given = body.get("to")
    if (
        not isinstance(given, list)
        or not 1 <= len(given) <= TARGETS_MAX
        or not all(isinstance(one, dict) for one in given)
    ):
        raise Malformed(f"to: must be a list of 1 to {TARGETS_MAX} chats.")
    return [read_target(one) for one in given]


def show_wordings(wordings: Sequence[Wording]) -> dict[str, object]:
    return {"wordings": [{"text": one.text, "at": show_time(one.at)} for one in wordings]}


def show_entries(messages: Sequence[Entry]) -> dict[str, object]:
    """Returns `{"messages": […]}`, each as an entry."""
    return {"messages": [show_entry(message) for message in messages]}


def show_changed(entry: Entry, message: Entry) -> dict[str, object]:
    return {"message": show_entry(message), "entry": show_entry(entry)}
