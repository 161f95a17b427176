"""An invitation as whoever holds its link sees it: the event, and the people of it that may be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.documents.account import Account
from models.documents.event import Event, Invitation
from models.documents.photo import Photo
from models.documents.session import Actor

LINK_SESSION = "invitation-link"  # whoever acts by a link has no session


@dataclass(frozen=True, slots=True)
class Face:
    """Somebody on the page. `name` is empty where there is no other than the number, which strangers need not learn."""

    account_id: int
    name: str
    photo: Photo | None


@dataclass(frozen=True, slots=True)
class OpenedInvitation:
    """`faces`: the owner, then who comes, then the others, without the guest; as many as a page shows."""

    event: Event
    invitation: Invitation
    guest: Account
    owner: Account
    faces: Sequence[Face]
    opened_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether the link answers for the guest: until the number is proved, and its owner answers in the app."""
        return not self.guest.is_registered

    @property
    def actor(self) -> Actor:
        """Who acts through the link, registered or not."""
        return Actor(self.guest.id, self.guest.number, LINK_SESSION)

    @property
    def friends_count(self) -> int:
        """Everybody but the guest, whatever they answered: the owner and the other invitees (events contract 10)."""
        return len({self.owner.id, *(each.account_id for each in self.event.invitations)} - {self.guest.id})
