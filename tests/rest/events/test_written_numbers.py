"""POST /auth/phone_number: what is understood of a number that somebody typed (docs/events-api.md, "Signing in")."""

import pytest

from tests.support.auth_fixture import ANN, Node

PATH = "/auth/phone_number"
BERLIN = {
    "phone_number": "+4930901820",
    "international": "+49 30 901820",
    "country": "DE",
    "is_possible": True,
    "is_valid": True,
}


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("+49 (0)30 901820", None),
        ("0049 30-901820", "US"),
        ("030/901820", "DE"),
        ("011 49 30 901820", "US"),  # as it is dialled there
        ("٠٠٤٩٣٠٩٠١٨٢٠", None),
        ("tel:+49-30-901820", None),
    ],
)
async def test_a_number_is_shown_as_its_country_writes_it_abroad(node: Node, text: str, country: str | None) -> None:
    body = {"phone_number": text, "country": country}
    assert await node.ask("POST", PATH, json=body) == (200, BERLIN)
    assert await node.ask("POST", f"/api{PATH}", json=body) == (200, BERLIN)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phone_number": "hello", "country": "DE"}, "phone_number"),
        ({"phone_number": "+49 30 901820 Mum"}, "phone_number"),
        ({"phone_number": "+999 123456"}, "phone_number"),
        ({"phone_number": "1" * 40, "country": "DE"}, "phone_number"),
        ({"phone_number": "1" * 129, "country": "DE"}, "phone_number"),
        ({"phone_number": "", "country": "DE"}, "phone_number"),
        ({"phone_number": "0301234"}, "country"),
        ({"phone_number": "0301234", "country": "XX"}, "country"),
        ({"phone_number": "0301234", "country": "de"}, "country"),
    ],
)
async def test_what_is_wrong_is_told_of_its_field(node: Node, body: dict[str, str], field: str) -> None:
    status, shown = await node.ask("POST", PATH, json=body)
    assert status == 400
    assert list(shown) == [field]


@pytest.mark.parametrize("text", ["202555", "202555012345"])
async def test_a_number_that_is_too_short_or_too_long_is_told_as_such(node: Node, text: str) -> None:
    status, shown = await node.ask("POST", PATH, json={"phone_number": text, "country": "US"})
    assert (status, shown["country"], shown["is_possible"], shown["is_valid"]) == (200, "US", False, False)


async def test_a_number_that_is_not_known_to_be_given_out_may_work(node: Node) -> None:
    status, shown = await node.ask("POST", PATH, json={"phone_number": "+12005550123"})
    assert (status, shown["phone_number"], shown["is_possible"], shown["is_valid"]) == (
        200,
        "+12005550123",
        True,
        False,
    )


async def test_it_says_nothing_of_accounts(node: Node) -> None:
    before = await node.ask("POST", PATH, json={"phone_number": ANN})
    await node.sign_in(ANN)
    assert await node.ask("POST", PATH, json={"phone_number": ANN}) == before
