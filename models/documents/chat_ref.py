"""How a request names a chat: by its id, by a number, or by a group's id (docs/messaging-api.md, "Targets")."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatRef:
    """The chat that a request names.

    Exactly one of the three is set: a chat's id, a contact's number, a group's public id.
    """

    chat_id: int | None = None
    contact: str | None = None
    group: str | None = None
