"""Tokens: what was signed here is read back, and nothing else is."""

import base64
import json
import string
from datetime import timedelta

import jwt
import pytest

from models.documents.session import Claims, Session
from models.errors import Unauthenticated
from server.auth.tokens import JwtTokens, derive_key
from tests.support.fakes import HandClock

SECRET = "not so secret"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tokens(clock: HandClock) -> JwtTokens:
    return JwtTokens(SECRET, clock)


@pytest.fixture
def session(clock: HandClock) -> Session:
    return Session("f" * 32, 7, "phone", clock.now(), clock.now(), clock.now() + timedelta(days=1))


def forged(claims: dict[str, object], key: bytes = derive_key(SECRET, "tokens"), algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm)


def test_a_token_says_which_session_of_which_account(tokens: JwtTokens, session: Session) -> None:
    assert tokens.read(tokens.sign(session)) == Claims(7, "f" * 32)
    assert tokens.sign(session) == tokens.sign(session)


def test_a_token_is_good_until_its_session_expires(tokens: JwtTokens, session: Session, clock: HandClock) -> None:
    token = tokens.sign(session)
    clock.move(days=1, seconds=-1)
    assert tokens.read(token).account_id == 7
    clock.move(seconds=1)
    with pytest.raises(Unauthenticated):
        tokens.read(token)


def test_a_clock_set_back_locks_nobody_out(tokens: JwtTokens, session: Session, clock: HandClock) -> None:
    token = tokens.sign(session)
    clock.move(days=-400)
    assert tokens.read(token).account_id == 7


def test_expiry_is_judged_by_the_clock_that_was_given(clock: HandClock) -> None:
    clock.move(days=-10_000)
    session = Session("a", 7, "phone", clock.now(), clock.now(), clock.now() + timedelta(days=1))
    tokens = JwtTokens(SECRET, clock)
    assert tokens.read(tokens.sign(session)).account_id == 7


def test_every_character_of_a_token_counts(tokens: JwtTokens, session: Session) -> None:
    token = tokens.sign(session)
    for place in range(len(token)):
        for other in string.ascii_letters + "-_.=+ ":
            if other != token[place]:
                with pytest.raises(Unauthenticated):
                    tokens.read(token[:place] + other + token[place + 1 :])
    for tail in ("=", ".", "\n", "AA"):
        with pytest.raises(Unauthenticated):
            tokens.read(token + tail)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é", "\udcff", "Ω.Ω.Ω", "null", "1" * 9000])
def test_what_is_no_token_is_refused(tokens: JwtTokens, text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(text)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": "7", "sid": "a"},
        {"sub": "7", "exp": 9e9},
        {"sid": "a", "exp": 9e9},
        {"sub": "seven", "sid": "a", "exp": 9e9},
        {"sub": "7", "sid": "a", "exp": "soon"},
        {"sub": "7", "sid": "a", "exp": 9e99},
        {"sub": "7", "sid": "a", "exp": None},
    ],
)
def test_claims_that_are_missing_or_no_claims_are_refused(tokens: JwtTokens, claims: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(forged(claims))


def test_another_key_or_another_algorithm_is_refused(tokens: JwtTokens, session: Session) -> None:
    claims: dict[str, object] = {"sub": "7", "sid": "a", "exp": 9000000000}
    assert tokens.read(forged(claims)) == Claims(7, "a")
    head, body, _ = forged(claims).split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    for token in (
        forged(claims, key=derive_key("another", "tokens")),
        forged(claims, key=derive_key(SECRET, "pins")),
        forged(claims, key=derive_key(SECRET, "tokens") * 2, algorithm="HS512"),
        f"{none}.{body}.",
        f"{head}.{body}.",
    ):
        with pytest.raises(Unauthenticated):
            tokens.read(token)
