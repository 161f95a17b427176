"""Chooses the account that a session acts for: the three rules of the messaging contract, section 3."""

from dataclasses import dataclass

from models.documents.login import Ownership
from models.documents.session import Actor, Identity
from models.errors import AccountNotNamed, AccountNotRegistered, NoAccount, WrongAccount
from models.stores.ownerships import Ownerships


@dataclass(frozen=True, slots=True)
class ChooseAccount:
    """`number` names an account; None leaves the choice to the rule. Unknown numbers and other people's look alike.

    A session that a pin opened has one account, which every rule chooses; to name another is WrongAccount.
    """

    ownerships: Ownerships

    async def registered(self, identity: Identity, number: str | None) -> Actor:
        """For everything ordinary: the oldest registered account, or the named one (AccountNotRegistered if it is not)."""
        if identity.login_id is None:
            return _only(identity, number)
        if number is not None:
            ownership = await self._named(identity.login_id, number)
            if not ownership.is_proved:
                raise AccountNotRegistered
            return ownership.actor(identity.session_id, identity.generation)
        first = await self.ownerships.find_first_proved(identity.login_id)
        if first is None:
            raise NoAccount
        return first.actor(identity.session_id, identity.generation)

    async def to_prove(self, identity: Identity, number: str | None) -> Ownership:
        """For codes: the oldest for which none was ever asked, else the oldest that is not registered, else the oldest."""
        if identity.login_id is None:
            return _owned(_only(identity, number))
        if number is not None:
            return await self._named(identity.login_id, number)
        listed = await self.ownerships.list_of_login(identity.login_id)
        if not listed:
            raise NoAccount
        without_code = (each for each in listed if each.code_asked_at is None)
        unproved = (each for each in listed if not each.is_proved)
        return next(without_code, None) or next(unproved, None) or listed[0]

    async def to_remove(self, identity: Identity, number: str | None) -> Ownership:
        """For removal: the only one, registered or not; of several, one must be named (AccountNotNamed)."""
        if identity.login_id is None:
            return _owned(_only(identity, number))
        if number is not None:
            return await self._named(identity.login_id, number)
        listed = await self.ownerships.list_of_login(identity.login_id)
        if not listed:
            raise NoAccount
        if len(listed) > 1:
            raise AccountNotNamed
        return listed[0]

    async def _named(self, login_id: int, number: str) -> Ownership:
        ownership = await self.ownerships.find_by_number(login_id, number)
        if ownership is None:
            raise WrongAccount
        return ownership


def _only(identity: Identity, number: str | None) -> Actor:
    if identity.actor is None or number not in (None, identity.actor.number):
        raise WrongAccount
    return identity.actor


def _owned(actor: Actor) -> Ownership:
    return Ownership(0, None, actor.account_id, actor.number, is_proved=True)
