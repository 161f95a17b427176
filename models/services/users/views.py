"""Shows accounts as users of the events API: to each viewer what it may see of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.session import Actor
from models.documents.user import SeenUser
from models.services.contacts.visibility import MaySee


@dataclass(frozen=True, slots=True)
class SeeUsers:
    """The photo by its owner's `privacy.photo`, whichever API it was set through.

    That is all, contacts (those in the owner's own address book) or none, and never a blocked number. Being invited by
    somebody changes nothing about that.

    Accounts that blocked the viewer are shown without their names, too.

    The events API knows no setting for the e-mail address. It is shown, except to a blocked number and of those accounts
    that the caller names as `strangers`: they do not know the viewer, who may have nothing but their number.
    """

    may_see: MaySee

    async def __call__(
        self, viewer: Actor, accounts: Sequence[Account], *, strangers: Collection[int] = ()
    ) -> list[SeenUser]:
        """In the order of the accounts."""
        with_photo = await self.may_see(viewer, accounts, lambda privacy: privacy.photo)
        return [
            SeenUser(
                account,
                account.photo if account.id in with_photo else None,
                "" if account.id in strangers or account.has_blocked(viewer.number) else account.email,
                is_nameless=account.has_blocked(viewer.number),
            )
            for account in accounts
        ]
