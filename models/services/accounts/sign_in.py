"""Signing in by a code."""

from dataclasses import dataclass
from functools import partial

from models.documents.account import Account
from models.documents.phone import Phone
from models.documents.session import SignedIn
from models.errors import Unavailable, WrongPin
from models.ports import Fanout
from models.services.accounts.language import NoteLanguage
from models.services.accounts.pins import ProveNumber
from models.services.accounts.registration import TakeNumber
from models.services.accounts.registration_pin import RegistrationPin
from models.services.accounts.sessions import StartSession
from models.services.accounts.sign_in_alert import NotifySignIn
from models.services.chats.personal_log import OpenSelfChat
from models.services.contacts.directory import change_account
from models.services.events.demo import MakeDemoEvents
from models.services.events.inviting import JoinEvents
from models.stores.accounts import Accounts
from models.stores.sessions import Sessions

TRIES = 3  # one more for each removal of the account during its sign-in


@dataclass(frozen=True, slots=True)
class VerifyPin:
    """Starts a session for somebody who gives the right code of a number, and registers the account if it is new.

    Raises WrongPin, RegistrationPinNeeded, WrongRegistrationPin, and RateLimited while a guess has to wait. While
    registration is closed, every code of a number without a registered account is a WrongPin, so that nobody learns who has
    one.
    """

    accounts: Accounts
    prove: ProveNumber
    start_session: StartSession
    join_events: JoinEvents
    fanout: Fanout
    take_number: TakeNumber
    sessions: Sessions
    registration_pin: RegistrationPin
    notify_sign_in: NotifySignIn
    note_language: NoteLanguage
    is_open: bool
    make_demo_events: MakeDemoEvents | None  # None where they are switched off
    open_self_chat: OpenSelfChat

    async def __call__(
        self, phone: Phone, pin: str, device: str, address: str, registration_pin: str = "", *, language: str = ""
    ) -> SignedIn:
        """Sign in. `address` is the client's, by which its guesses are counted, `language` what it asks for."""
        confirm = partial(self.registration_pin.require, phone.number, registration_pin)
        await self.prove(phone, pin, address, confirm=confirm)
        if not self.is_open and not await self.accounts.list_registered([phone.number]):
            raise WrongPin
        for _ in range(TRIES):
            account, is_first = await self._enter(phone)
            signed_in = await self.start_session(account, device)
            # Read once the session is stored: a removal that ran meanwhile ended only the sessions that existed.
            if (await self.accounts.require(account.id)).is_registered:
                break
            await self.sessions.remove_all([signed_in.session_id])
        else:
            raise Unavailable("This account is being removed at this moment; try again.")
        await self.note_language(account.id, language)
        if not is_first:
            await self.notify_sign_in(account, signed_in.session_id, device)
        if is_first and self.make_demo_events is not None:
            await self.make_demo_events(account)
        return signed_in

    async def _enter(self, phone: Phone) -> tuple[Account, bool]:
        """Returns the number's account, registered and in the chats of its events, and whether this is its first sign-in."""
        account = await self.take_number(phone)
        is_first = not account.is_registered
        if is_first:
            account = await self._register(account, phone)
        await self.join_events(account)
        return account, is_first

    async def _register(self, account: Account, phone: Phone) -> Account:
        """Register the account, with the owner's own spelling of the number if that is an international one."""
        spelling = {"phone": phone.text} if phone.text.startswith("+") else {}
        account = await change_account(self.accounts, self.fanout, account.id, {"is_registered": True} | spelling)
        await self.open_self_chat(account)
        return account
