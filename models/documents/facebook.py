"""Facebook: the profile, the friends and the stored link of a person who gave this server a token."""

from dataclasses import dataclass, field

# The limits of docs/events-api.md, "Facebook".
TOKEN_MAX_CHARS = 512
PICTURE_URL_MAX_CHARS = 4000


@dataclass(frozen=True, slots=True)
class FacebookProfile:
    """The parts of a profile that were granted. A text that was not is empty; `picture_url` is None for a silhouette."""

    full_name: str
    email: str
    picture_url: str | None


@dataclass(frozen=True, slots=True)
class FacebookFriend:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class FacebookLink:
    """The access token that an account gave, and where its picture was."""

    token: str = field(repr=False)
    picture_url: str | None
