"""The characters of an SMS: 160 of them fit into one that has only those of GSM 7-bit, 70 into any other."""

_BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
_EXTENDED = "\f^{}\\[~]|€"  # each takes the room of two
_GSM = frozenset(_BASIC + _EXTENDED)
# Signs of print that have a plain one beside them. Letters are not among them: a name stays as it is written.
_PLAIN = str.maketrans(
    {"…": "...", "•": "*", "·": ".", "`": "'", "\N{NARROW NO-BREAK SPACE}": " ", "\N{NO-BREAK SPACE}": " "}
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‘’‚‛′‹›", "'")
    | dict.fromkeys("‐‑‒–—―−", "-")
)


def as_sms(body: str) -> str:
    """Returns the body with plain quotes, dashes and dots, where nothing else keeps it out of GSM 7-bit; else as it is.

    One such sign would halve what each part of the SMS holds, and double what it costs.
    """
    if _GSM.issuperset(body):
        return body
    plain = body.translate(_PLAIN)
    return plain if _GSM.issuperset(plain) else body
