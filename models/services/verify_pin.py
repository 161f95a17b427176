"""Signs someone in who proved a number by its code."""

from dataclasses import dataclass, replace

from models.documents.account import Account
from models.documents.phone import Phone
from models.documents.session import SignedIn
from models.errors import WrongPin
from models.events import AccountChanged
from models.ports import Clock, Fanout
from models.services.join_events import JoinEvents
from models.services.make_demo_events import MakeDemoEvents
from models.services.prove_number import ProveNumber
from models.services.start_session import StartSession
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class VerifyPin:
    """The code must be right; then the number's account, a new one if it has none, is registered and has a new session.

    Raises WrongPin, and RateLimited while a guess has to wait. While registration is closed a number without a registered
    account is told WrongPin too, whatever it gives: nobody learns by this who has an account.
    """

    accounts: Accounts
    prove: ProveNumber
    start_session: StartSession
    join_events: JoinEvents
    fanout: Fanout
    clock: Clock
    is_open: bool = True
    make_demo_events: MakeDemoEvents | None = None  # a setting

    async def __call__(self, phone: Phone, pin: str, device: str, address: str) -> SignedIn:
        """`address` is the client's, by which its guesses are counted."""
        await self.prove(phone, pin, address)
        if not self.is_open and not await self.accounts.list_registered([phone.number]):
            raise WrongPin
        account = await self.accounts.find_or_create(phone, self.clock.now())
        is_first = not account.is_registered
        if is_first:
            account = await self._register(account, phone)
        await self.join_events(account)
        if is_first and self.make_demo_events is not None:
            await self.make_demo_events(account)
        signed_in = await self.start_session(account, device)
        # Asked once the session is stored: an account that was removed meanwhile ended only the sessions that were there.
        if (await self.accounts.require(account.id)).is_registered:
            return signed_in
        account = await self._register(account, phone)
        await self.join_events(account)
        return replace(signed_in, account=account)

    async def _register(self, account: Account, phone: Phone) -> Account:
        """The owner's spelling of the number replaces that of whoever named it first, if it is an international one."""
        spelling = {"phone": phone.text} if phone.text.startswith("+") else {}
        registered = await self.accounts.change(account.id, {"is_registered": True} | spelling)
        self.fanout.signal(AccountChanged(account.id))
        return registered
