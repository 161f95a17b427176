"""What a person has set for one of its chats, on all of its devices: muted, archived, pinned, a draft (docs/protocol.md, "Own state")."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)  # of what is muted without an end
DRAFTS_MAX_CHARS = 250_000  # of all drafts of an account: half as much as an answer holds besides


class NotifyAbout(StrEnum):
    """Which messages of a chat are pushed."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A text that waits to be sent; `reply_to` is a seq of its chat."""

    text: str
    reply_to: int | None = None


Setting = datetime | NotifyAbout | SavedDraft | int | None
# The fields that an entry sets, by the names of ChatSettings.
SettingsChange = Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """One account's settings of one chat, as they were set.

    `archived` is the last entry of the chat when it was archived, and `marked_unread` the read mark when the chat was marked as unread:
    both hold until something newer comes (`as_of`). `pinned` is a place in the order of pinned chats.
    """

    muted_until: datetime | None = None
    notify: NotifyAbout = NotifyAbout.ALL
    archived: int | None = None
    pinned: int | None = None
    marked_unread: int | None = None
    draft: SavedDraft | None = None

    @property
    def chars(self) -> int:
        """Returns about how many characters the settings have on the wire."""
        return 0 if self == DEFAULTS else 200 + (0 if self.draft is None else len(self.draft.text))

    def changed_by(self, change: SettingsChange) -> "ChatSettings":
        return replace(self, **change)  # type: ignore[arg-type]

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and self.muted_until > now

    def wants_push(self, now: datetime, *, is_mentioned: bool) -> bool:
        """Returns whether a message of the chat is pushed.

        Whoever wants to hear of mentions gets those of a muted chat too.
        """
        match self.notify:
            case NotifyAbout.NONE:
                return False
            case NotifyAbout.MENTIONS:
                return is_mentioned
            case NotifyAbout.ALL:
                return not self.is_muted(now)


DEFAULTS = ChatSettings()


@dataclass(frozen=True, slots=True)
class VisibleSettings:
    """The settings of a chat as they hold at a moment.

    An archived chat comes back with a message behind the entry up to which it was archived, or when its account joins it anew, but not
    while it is muted. A chat is marked as unread until its read mark moves on.
    """

    settings: ChatSettings
    is_archived: bool = False
    is_marked_unread: bool = False


def as_of(settings: ChatSettings, now: datetime, *, since: int, read: int, has_newer: bool) -> VisibleSettings:
    """Returns what holds of a member's settings.

    `since` is the entry by which it came, `read` its read mark; `has_newer` tells whether it can see a message behind the entry up to
    which the chat was archived.
    """
    if settings is DEFAULTS:
        return NOTHING_SET
    archived, marked = settings.archived, settings.marked_unread
    # Whoever was in a chat from its beginning never joined it anew.
    has_returned = has_newer or (archived is not None and archived < since and since > 1)
    return VisibleSettings(
        settings,
        is_archived=archived is not None and (settings.is_muted(now) or not has_returned),
        is_marked_unread=marked is not None and read <= marked,
    )


NOTHING_SET = VisibleSettings(DEFAULTS)
