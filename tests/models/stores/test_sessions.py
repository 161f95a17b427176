"""Sessions in the real database: found, listed by account, removed by their owner alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.documents.session import Session
from models.stores.database import Database
from models.stores.sessions import Sessions
from tests.support.fakes import HandClock

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
NOW = HandClock().now()


@pytest.fixture
async def sessions(database: Database) -> Sessions:
    sessions = Sessions(database)
    await sessions.prepare()
    return sessions


def session(session_id: str, account_id: int = 1, *, used: int = 0, expires: int = 60) -> Session:
    minute = timedelta(minutes=1)
    return Session(session_id, account_id, "phone", NOW, NOW + used * minute, NOW + expires * minute)


async def test_a_session_comes_back_as_it_was(sessions: Sessions) -> None:
    await sessions.append(session("a"))
    assert await sessions.find("a") == session("a")
    assert await sessions.find("b") is None


async def test_an_account_sees_its_own_sessions_that_are_not_over_last_used_first(sessions: Sessions) -> None:
    for each in (session("a"), session("b", used=5), session("over", expires=1), session("theirs", 2)):
        await sessions.append(each)
    assert [each.id for each in await sessions.list_of(1, NOW + timedelta(minutes=1))] == ["b", "a"]


async def test_only_its_account_removes_a_session_and_once(sessions: Sessions) -> None:
    await sessions.append(session("a"))
    assert not await sessions.remove("a", 2)
    assert await sessions.remove("a", 1)
    assert not await sessions.remove("a", 1)
    assert await sessions.find("a") is None


async def test_use_is_noted_unless_it_was_just_now(sessions: Sessions) -> None:
    await sessions.append(session("a"))
    later = NOW + timedelta(minutes=2)
    assert await sessions.touch_all(["a"], later, unless_after=later - timedelta(minutes=1))
    soon = later + timedelta(seconds=30)
    assert not await sessions.touch_all(["a"], soon, unless_after=soon - timedelta(minutes=1))
    found = await sessions.find("a")
    assert found is not None
    assert found.last_used_at == later


async def test_an_account_was_used_when_its_login_was_though_the_session_has_ended(sessions: Sessions) -> None:
    await sessions.append(session("a", used=1))
    await sessions.append(replace(session("b", used=9), account_id=None, login_id=5))
    await sessions.remove_all(["b"])
    uses = [await sessions.find_last_use(*owner) for owner in ((1, None), (1, 6), (1, 5), (2, None))]
    assert uses == [NOW + timedelta(minutes=1), NOW + timedelta(minutes=1), NOW + timedelta(minutes=9), None]
