"""An invitation as the holder of its link sees it: the event, and those of its people that may be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.documents.account import Account
from models.documents.event import Event, Invitation
from models.documents.photo import Photo
from models.documents.session import Actor

LINK_SESSION = "invitation-link"  # stands in place of a session, which an actor by a link does not have


@dataclass(frozen=True, slots=True)
class Face:
    """A person on the invitation page. `name` is empty for a person of whom only the number is known: that is not shown."""

    account_id: int
    name: str
    photo: Photo | None


@dataclass(frozen=True, slots=True)
class OpenedInvitation:
    """An invitation page.

    `faces` are the owner, then those who come, then the others without the guest: as many as it shows. `owner_language` is the
    language in which the owner reads, empty if it is unknown.
    """

    event: Event
    invitation: Invitation
    guest: Account
    owner: Account
    faces: Sequence[Face]
    opened_at: datetime
    owner_language: str = ""

    @property
    def is_open(self) -> bool:
        """Returns whether the link can answer for the guest. Once the number is proved, its owner answers in the app."""
        return not self.guest.is_registered

    @property
    def actor(self) -> Actor:
        """Returns the actor of requests by this link, whose account may not be registered."""
        return Actor(self.guest.id, self.guest.number, LINK_SESSION)

    @property
    def friends_count(self) -> int:
        """Returns how many people there are besides the guest: the owner and the other invited ones, whatever they answered."""
        return len({self.owner.id, *(each.account_id for each in self.event.invitations)} - {self.guest.id})
