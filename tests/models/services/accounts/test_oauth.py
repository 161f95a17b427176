"""Signing in by a password that is replaced, or a login that is removed, while the password is compared."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from models.documents.login import Login
from models.documents.oauth import OAuthRules
from models.documents.session import TokenPair
from models.errors import InvalidGrant
from models.services.accounts.logins import RemoveLogin, SetPassword
from models.services.accounts.oauth import SignInByPassword
from models.services.accounts.sign_in_alert import NotifySignIn
from models.services.notifications.queue import Notify
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.devices import Devices
from models.stores.languages import Languages
from models.stores.logins import Logins
from models.stores.notifications import Notifications
from models.stores.ownerships import Ownerships
from models.stores.quotas import Quotas
from models.stores.sessions import Sessions
from server.auth.tokens import JwtTokens
from server.clock import SystemClock
from tests.support.fakes import RecordingFanout

OLD, NEW = "correct horse", "battery staple"


@dataclass
class SlowPasswords:
    """Hashes that are no secret; while one is compared for the first time, something happens."""

    outdated: set[str] = field(default_factory=set)
    made: int = 0
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def hash(self, password: str) -> str:
        self.made += 1
        return f"{self.made}:{password}"

    async def matches(self, password: str, password_hash: str | None) -> bool:
        is_match = password_hash is not None and password_hash.partition(":")[2] == password
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return is_match

    def is_outdated(self, password_hash: str) -> bool:
        return password_hash in self.outdated


@dataclass
class Fixture:
    """A login, and what is done about it."""

    login: Login
    sessions: Sessions
    passwords: SlowPasswords
    sign_in: SignInByPassword
    set_password: SetPassword
    remove_login: RemoveLogin

    async def enter(self, password: str) -> TokenPair:
        return await self.sign_in(
            self.login.name, password, client_id="client", scope=None, device="phone", address="127.0.0.1"
        )


@pytest.fixture
async def fixture(database: Database) -> Fixture:
    counters, clock, passwords, fanout = Counters(database), SystemClock(), SlowPasswords(), RecordingFanout()
    logins, sessions = Logins(database, counters), Sessions(database)
    login = await logins.append("ann", await passwords.hash(OLD), clock.now())
    assert login is not None
    rules = OAuthRules(
        client_ids=("client",),
        token_lifetime=timedelta(days=1),
        guesses_per_login=10,
        guesses_per_address=10,
        has_limits=False,
    )
    notify = Notify(Notifications(database), Devices(database), lambda: None, is_push_on=False)
    tell = NotifySignIn(Ownerships(database, counters), Languages(database), fanout, notify, clock)
    return Fixture(
        login,
        sessions,
        passwords,
        SignInByPassword(
            logins, passwords, sessions, Quotas(database), JwtTokens("a secret", clock), clock, rules, tell
        ),
        SetPassword(logins, passwords, sessions, fanout),
        RemoveLogin(logins, sessions, Ownerships(database, counters), fanout),
    )


async def test_a_password_that_is_replaced_while_it_is_compared_opens_nothing(fixture: Fixture) -> None:
    fixture.passwords.meanwhile = lambda: fixture.set_password("ann", NEW)
    with pytest.raises(InvalidGrant):
        await fixture.enter(OLD)
    assert await fixture.sessions.list_ids(login_id=fixture.login.id) == []
    await fixture.enter(NEW)


async def test_a_login_that_is_removed_while_its_password_is_compared_opens_nothing(fixture: Fixture) -> None:
    fixture.passwords.meanwhile = lambda: fixture.remove_login("ann")
    with pytest.raises(InvalidGrant):
        await fixture.enter(OLD)
    assert await fixture.sessions.list_ids(login_id=fixture.login.id) == []


async def test_two_who_sign_in_at_once_while_the_hash_is_renewed_both_come_in(fixture: Fixture) -> None:
    fixture.passwords.outdated.add(fixture.login.password_hash)
    fixture.passwords.meanwhile = lambda: fixture.enter(OLD)
    await fixture.enter(OLD)
    assert len(await fixture.sessions.list_ids(login_id=fixture.login.id)) == 2
