"""Numbers: which spellings are the same identity, and what is none."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.documents.phone import Phone, digits_of, identity_of, read_code
from models.errors import Malformed

MARKS = "\u200b\u200d\u200e\u202a\u202c\u2060\u2068\u2069\ufeff\u00ad\ufe0f"
SPACES = " \u00a0\u2007\u202f\u3000"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d\ufe63"
BETWEEN = [*MARKS, *SPACES, *DASHES, *"./()\uff0f\uff08", "(0)", ""]
ZEROS = "0\u0660\u06f0\u0966\uff10\U0001d7ce"
UK = "447400123777"


@pytest.mark.parametrize(
    "text",
    [
        "49301234",
        "+49 30 1234",
        " 49.30-12(34) ",
        "4930\u00a01234",
        "004930 1234",
        "+49/30/1234",
        "49\u201130\u22121234",
        "\u202a+49 30 1234\u202c",
        "+49\u2060301234\ufeff",
        "\uff0b\uff14\uff19301234",
        "+\u0664\u0669\u0663\u0660\u0661\u0662\u0663\u0664",
        "\u06f4\u06f9\u06f3\u06f0\u06f1\u06f2\u06f3\u06f4",
        "tel:+49-30-1234",
        "TEL:49301234",
        "tel:+49-30-1234;phone-context=+49",
        "[+49] 30~1234",
        "+49\t30\t1234",
        "+49\u00b730\u30fb1234",
        "+49\u034f30\u2800\u31641234\U000e0041",
    ],
)
def test_a_number_is_its_digits_however_it_is_written(text: str) -> None:
    assert digits_of(text) == identity_of(text) == "49301234"
    assert Phone.from_digits(text).number == Phone.from_text(text).number == "49301234"


@pytest.mark.parametrize(
    "text",
    [
        "+44 (0)7400 123777",
        "+447400123777",
        UK,
        "0044 (0) 7400-123777",
        "4407400123777",
        "+00447400123777",
        "+44 7400 123777 ext. 5",
        "tel:+44-7400-123777;ext=5",
        "+44 7400 123777,,5",
    ],
)
def test_a_valid_number_has_one_identity_and_one_text(text: str) -> None:
    assert Phone.from_text(text) == Phone.from_digits(text) == Phone("+" + UK, UK)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+39 06 12345678", "390612345678"),  # this 0 belongs to the number
        ("+54 11 15 2345 6789", "5491123456789"),  # a mobile number as it is dialled there
        ("+09897999989", "09897999989"),
        ("+111111111111", "111111111111"),
        ("000000000", "000000000"),
        ("07400 123777", "07400123777"),  # of which country, nobody has said
        ("+49 (0)30 1", "490301"),
    ],
)
def test_what_is_no_valid_number_keeps_its_digits(text: str, number: str) -> None:
    assert identity_of(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "+", "49x1", "hello", "49\u00b2", "4\u2460", "49\x00", "4\n9", "\ud800", "1" * 129]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        digits_of(text)


@pytest.mark.parametrize("text", ["hello", "+", "49\u00b2", "+49 30 901820 Mum", "whatsapp:+4930901820", "(0)x"])
def test_a_text_that_is_no_number_is_its_own_identity_where_none_is_refused(text: str) -> None:
    assert Phone.from_text(text) == Phone(text, text)
    assert Phone.from_text(f"\u200e{text} ") == Phone(text, text)
    assert Phone.from_text(text).country is None


@pytest.mark.parametrize("text", ["", "\u200b", "x" * 129, "a\0b", "+49\n30", "49\u202830", "\ud800"])
def test_what_cannot_be_kept_is_refused_everywhere(text: str) -> None:
    for read in (identity_of, Phone.from_text):
        with pytest.raises(Malformed):
            read(text)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A valid number of some country, and what a device may make of it."""
    region = draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
    kind = draw(st.sampled_from([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE]))
    example = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
    number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]
    start = draw(st.sampled_from(["+", "", "00", "\uff0b", "tel:+", "\u202a+"]))
    zero = ord(draw(st.sampled_from(ZEROS)))
    between = st.sampled_from([each for each in BETWEEN if each != "(0)"])
    return number, start + "".join(chr(zero + int(digit)) + draw(between) for digit in number)


@given(spellings())
def test_every_spelling_of_a_valid_number_is_that_number(spelling: tuple[str, str]) -> None:
    number, text = spelling
    assert Phone.from_text(text) == Phone.from_digits(text) == Phone("+" + number, number)


@st.composite
def dialled_inside(draw: st.DrawFn) -> str:
    """A valid number with what is dialled in front of it inside its country."""
    region = draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
    number = phonenumbers.example_number(region)
    return f"+{number.country_code} ({draw(st.sampled_from('018'))}) {phonenumbers.national_significant_number(number)}"


ANY = st.one_of(
    dialled_inside(),
    st.text(max_size=30),
    st.lists(
        st.sampled_from([*BETWEEN, *"0123456789+", "00", "ext", ";ext=", "tel:", "#", "49", "44", "54", "39", "1", "7"])
    ).map("".join),
    st.tuples(st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)), st.integers(0, 10**12)).map(
        lambda parts: f"+{parts[0]}{parts[1]}"
    ),
    st.tuples(st.sampled_from(["+44", "+49", "+54", "+55", "+52", "+7", "+36"]), st.integers(0, 10**11)).map(
        lambda parts: f"{parts[0]} (0) {parts[1]}"
    ),
)


@given(ANY)
def test_a_valid_number_is_shown_as_its_identity_and_reading_it_again_changes_nothing(text: str) -> None:
    try:
        phone = Phone.from_text(text)
    except Malformed:
        return
    assert phone.country is None or phone.text == "+" + phone.number
    assert identity_of(text) == phone.number
    assert Phone.from_text(phone.text) == phone
    assert identity_of(phone.number) == phone.number


@given(
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.sampled_from(["", "0", "1", "8", "15", "06"]),
    st.integers(0, 10**11),
)
def test_the_identity_is_what_parsing_gives(country_code: int, prefix: str, rest: int) -> None:
    """Numbers that nothing is dialled in front of are not parsed, which takes long; the answer is the same."""
    digits = f"{country_code}{prefix}{rest}"
    try:
        parsed = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        expected = digits
    else:
        e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        expected = e164[1:] if phonenumbers.is_valid_number(parsed) else digits
    assert identity_of(digits) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1234",
        " 12 34",
        "12-34",
        "\u0661\u0662\u0663\u0664",
        "\u06f1\u06f2\u06f3\u06f4",
        "\u200e12\u00a034\u202c",
        "\uff11\uff12\uff13\uff14",
    ],
)
def test_a_code_is_its_digits_however_they_are_written(text: str) -> None:
    assert read_code(text) == "1234"


@pytest.mark.parametrize("text", ["0012", "440740", "", "12a4", "12\u00b2", "1" * 600])
def test_nothing_else_is_made_of_a_code(text: str) -> None:
    assert read_code(text) == text
