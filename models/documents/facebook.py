"""What Facebook says of a person who let us ask."""

from dataclasses import dataclass, field

TOKEN_MAX_CHARS = 512  # events contract 2.1, and the one below
PICTURE_URL_MAX_CHARS = 4000


@dataclass(frozen=True, slots=True)
class FacebookProfile:
    """What of it was granted; empty texts for what was not. `picture_url` is None where Facebook shows a silhouette."""

    full_name: str
    email: str
    picture_url: str | None


@dataclass(frozen=True, slots=True)
class FacebookFriend:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class FacebookLink:
    """The access token that an account gave us, and where its picture was."""

    token: str = field(repr=False)
    picture_url: str | None
