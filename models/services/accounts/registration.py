"""Registration of accounts by their number and of their profile, and numbers that had another owner."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from models.documents.account import Account
from models.documents.login import Ownership
from models.documents.phone import Phone
from models.documents.session import Actor, SignedIn
from models.errors import RegistrationClosed, SessionRevoked
from models.facts import AccountChanged, SessionsRevoked
from models.ports import Clock, Fanout, Tokens
from models.services.accounts.language import NoteLanguage
from models.services.accounts.pins import ProveNumber
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.sessions import LastUse
from models.services.accounts.sign_in_alert import NotifySignIn
from models.services.chats.personal_log import OpenSelfChat
from models.services.contacts.directory import change_account
from models.services.events.inviting import JoinEvents
from models.services.notifications.contact_joined import NotifyContactJoined
from models.stores.accounts import Accounts
from models.stores.events import Events
from models.stores.members import Members
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class TakeNumber:
    """Returns the account for somebody who has proved a number. A new owner of a number gets a new account.

    So nothing that belonged to a former owner reaches the new one. Former owners are those who removed the account, and,
    with `recycle_days`, those whose account nobody has used for so long; it is then removed as if by its owner. Chats stay
    with their other members. Open invitations belong to the number and move to the new account.
    """

    accounts: Accounts
    members: Members
    events: Events
    ownerships: Ownerships
    last_use: LastUse
    remove: Callable[[Ownership, str], Awaitable[None]]
    fanout: Fanout
    clock: Clock
    recycle_days: float  # 0: never

    async def __call__(self, phone: Phone) -> Account:
        """Returns the account of this number, which may not be registered yet."""
        account = await self.accounts.find_or_create(phone, self.clock.now())
        if account.is_registered and await self._is_unused(account):
            owned = Ownership(0, None, account.id, account.number, is_proved=True)
            await self.remove(owned, "recycled")
            account = await self.accounts.require(account.id)
        if account.is_registered or not await self._had_owner(account):
            return account
        await self.accounts.retire(account)
        fresh = await self.accounts.find_or_create(phone, self.clock.now())
        await self.events.rebind(account.id, fresh.id, self.clock.now())
        await self.ownerships.rebind(account.id, fresh.id)
        for changed in (account.id, fresh.id):
            self.fanout.signal(AccountChanged(changed))
        return fresh

    async def _is_unused(self, account: Account) -> bool:
        if not self.recycle_days:
            return False
        used_at = await self.last_use(account)
        return used_at is not None and self.clock.now() - used_at >= timedelta(days=self.recycle_days)

    async def _had_owner(self, account: Account) -> bool:
        # Earlier versions did not note removals; but only an account whose number was proved is in any chat.
        return account.removed_at is not None or bool(await self.members.list_all_memberships(account.id))


@dataclass(frozen=True, slots=True)
class RegisterAccount:
    """Makes a number the login's own, once its code is right (docs/messaging-api.md, "Registration").

    The login that owned it before loses it; its sockets close and reconnect with what it still owns. Raises WrongPin,
    RegistrationPinNeeded, WrongRegistrationPin, RateLimited while a guess has to wait, and RegistrationClosed for a number
    without a registered account while registration is closed.
    """

    accounts: Accounts
    ownerships: Ownerships
    sessions: Sessions
    prove: ProveNumber
    join_events: JoinEvents
    fanout: Fanout
    take_number: TakeNumber
    registration_pin: RegistrationPin
    notify_sign_in: NotifySignIn
    note_language: NoteLanguage
    is_open: bool
    open_self_chat: OpenSelfChat

    async def __call__(
        self,
        ownership: Ownership,
        code: str,
        device: str,
        address: str,
        registration_pin: str = "",
        *,
        language: str = "",
    ) -> None:
        """Register the number. `address` is the client's, by which its guesses are counted, `language` what it asks for."""
        account = await self.accounts.require(ownership.account_id)
        if not self.is_open and not account.is_registered:
            raise RegistrationClosed
        confirm = None
        if ownership.login_id is not None:  # a session of the account itself has given or set it already
            confirm = partial(self.registration_pin.require, account.number, registration_pin)
        await self.prove(account.phone, code, address, purpose=ownership.purpose, confirm=confirm)
        account = await self.take_number(account.phone)
        was_registered = account.is_registered
        ownership = replace(ownership, account_id=account.id)
        fields = {"is_registered": True} | ({"nickname": ownership.nickname} if ownership.nickname else {})
        account = await change_account(self.accounts, self.fanout, account.id, fields)
        await self.open_self_chat(account)
        former = await self.ownerships.prove(ownership) if ownership.login_id is not None else []
        await self.join_events(account)
        await self.note_language(account.id, language)
        if was_registered and ownership.login_id is not None:
            await self.notify_sign_in(account, "", device)
        for login_id in former:
            # These sessions go on, but have to be read again: their login lost an account.
            self.fanout.signal(SessionsRevoked(await self.sessions.list_ids(login_id=login_id)))


@dataclass(frozen=True, slots=True)
class RegisterProfile:
    """Sets name and e-mail address, and returns the token of the present session. It may be repeated.

    Each time, accounts with this number in their phone book are notified (docs/events-api.md, "Pushes"). Raises
    RegistrationClosed while public registration is switched off.
    """

    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    fanout: Fanout
    is_open: bool
    notify_contact_joined: NotifyContactJoined

    async def __call__(self, actor: Actor, full_name: str, email: str) -> SignedIn:
        if not self.is_open:
            raise RegistrationClosed
        session = await self.sessions.find(actor.session_id)
        if session is None:
            raise SessionRevoked
        names = {"full_name": full_name, "email": email}
        account = await change_account(self.accounts, self.fanout, actor.account_id, names)
        await self.notify_contact_joined(account)
        return SignedIn(account, self.tokens.sign(session))
