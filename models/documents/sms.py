"""The characters of an SMS: 160 fit into one that uses only those of GSM 7-bit, and 70 into any other.

Of several parts, which telephones show as one text, each holds 153 or 67.
"""

from math import ceil

_BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
_EXTENDED = "\f^{}\\[~]|€"  # each counts as two
_GSM = frozenset(_BASIC + _EXTENDED)
# Typographic signs that have a plain equivalent. Letters are not replaced, so names stay as they are written.
_PLAIN = str.maketrans(
    {"…": "...", "•": "*", "·": ".", "`": "'", "\N{NARROW NO-BREAK SPACE}": " ", "\N{NO-BREAK SPACE}": " "}
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‘’‚‛′‹›", "'")
    | dict.fromkeys("‐‑‒–—―−", "-")
)


def as_sms(body: str) -> str:
    """Returns the body with plain quotes, dashes and dots if it then fits into GSM 7-bit, and else as it is.

    One sign outside GSM 7-bit halves what each part of the SMS holds, and so doubles the price.
    """
    if _GSM.issuperset(body):
        return body
    plain = body.translate(_PLAIN)
    return plain if _GSM.issuperset(plain) else body


def parts_of(sent: str) -> int:
    """Returns of how many parts an SMS is; each is paid for."""
    if _GSM.issuperset(sent):
        size, alone, each = len(sent) + sum(sent.count(sign) for sign in _EXTENDED), 160, 153
    else:
        size, alone, each = len(sent.encode("utf-16-le")) // 2, 70, 67
    return 1 if size <= alone else ceil(size / each)
