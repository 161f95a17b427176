"""Gives an account its owner's name and e-mail address."""

from dataclasses import dataclass

from models.documents.session import Actor, SignedIn
from models.errors import RegistrationClosed, SessionRevoked
from models.events import AccountChanged
from models.ports import Fanout, Tokens
from models.services.notifications.contact_joined import TellContactJoined
from models.stores.accounts import Accounts
from models.stores.sessions import Sessions


@dataclass(frozen=True, slots=True)
class RegisterProfile:
    """Set name and e-mail, as often as is liked, and answer with the token of the present session.

    Each time, whoever has this number in the phone book is told (events contract, section 7).
    Raises RegistrationClosed while public registration is switched off.
    """

    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    fanout: Fanout
    is_open: bool
    tell_contact_joined: TellContactJoined

    async def __call__(self, actor: Actor, full_name: str, email: str) -> SignedIn:
        if not self.is_open:
            raise RegistrationClosed
        session = await self.sessions.find(actor.session_id)
        if session is None:
            raise SessionRevoked
        account = await self.accounts.change(actor.account_id, {"full_name": full_name, "email": email})
        self.fanout.signal(AccountChanged(account.id))
        await self.tell_contact_joined(account)
        return SignedIn(account, self.tokens.sign(session))
