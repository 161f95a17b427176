"""Signs someone in who proved a number by its code."""

from dataclasses import dataclass, replace

from models.documents.account import Account
from models.documents.phone import Phone
from models.documents.session import SignedIn
from models.errors import AccountNotFound
from models.events import AccountChanged
from models.ports import Fanout
from models.services.join_events import JoinEvents
from models.services.make_demo_events import MakeDemoEvents
from models.services.prove_number import ProveNumber
from models.services.start_session import StartSession
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class VerifyPin:
    """The number's account must be known and the code right; then the account is registered and has a new session.

    Raises AccountNotFound for a number that never asked for a code, WrongPin otherwise.
    """

    accounts: Accounts
    prove: ProveNumber
    start_session: StartSession
    join_events: JoinEvents
    fanout: Fanout
    make_demo_events: MakeDemoEvents | None = None  # a setting

    async def __call__(self, phone: Phone, pin: str, device: str) -> SignedIn:
        account = await self.accounts.find_by_number(phone.number)
        if account is None:
            raise AccountNotFound("No code was sent to this number.")
        await self.prove(phone, pin)
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
