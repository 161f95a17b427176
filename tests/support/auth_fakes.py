"""A code sender that keeps what it is given."""

from dataclasses import dataclass, field

from models.errors import Unavailable


@dataclass(frozen=True)
class SentCode:
    to: str
    body: str
    code: str
    channel: str
    language: str = "en"


@dataclass
class KeptCodes:
    """Keeps every code; refuses to send while `is_down`."""

    sent: list[SentCode] = field(default_factory=list)
    is_down: bool = False

    async def send(self, phone_text: str, body: str, *, code: str, channel: str, language: str = "en") -> None:
        if self.is_down:
            raise Unavailable
        self.sent.append(SentCode(phone_text, body, code, channel, language))

    @property
    def last(self) -> SentCode:
        return self.sent[-1]
