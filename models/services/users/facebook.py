"""Facebook: linking an account, and listing the friends who use this server too."""

import logging
from dataclasses import dataclass, replace

from models.documents.account import NAME_MAX_CHARS, is_email
from models.documents.facebook import PICTURE_URL_MAX_CHARS, FacebookFriend, FacebookLink, FacebookProfile
from models.documents.graphemes import cut
from models.documents.plain_line import one_line
from models.documents.session import Actor
from models.documents.user import UserView
from models.errors import FacebookTokenMissing, Malformed, RateLimited, TooLarge, Unavailable
from models.ports import Facebook, Fanout
from models.services.contacts.directory import change_account
from models.services.media.fetching import LimitFetches
from models.services.media.photos import SetPhoto
from models.stores.accounts import Accounts
from models.stores.facebook_links import FacebookLinks

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkFacebook:
    """Stores a Facebook access token, and takes over name, e-mail address and picture as far as Facebook tells them.

    The name and the address replace the present ones. The picture becomes the photo only of an account without one; one
    that cannot be fetched is left out (docs/events-api.md, "Facebook"). Returns the actor's user. Raises
    FacebookTokenRefused, and Unavailable if Facebook does not answer; after either nothing has changed.
    """

    facebook: Facebook
    links: FacebookLinks
    accounts: Accounts
    set_photo: SetPhoto
    fanout: Fanout
    fetches: LimitFetches

    async def __call__(self, actor: Actor, token: str) -> UserView:
        profile = await self.facebook.read_profile(token)
        url = profile.picture_url
        if url is not None and len(url) > PICTURE_URL_MAX_CHARS:
            url = None
        await self.links.replace(actor.account_id, FacebookLink(token, url))
        fields = _fields(profile)
        if fields:
            await change_account(self.accounts, self.fanout, actor.account_id, fields)
        account = await self.accounts.require(actor.account_id)
        if account.photo is None and url is not None:
            await self._take_picture(actor, url)
            account = await self.accounts.require(actor.account_id)
        return UserView.own(account)

    async def _take_picture(self, actor: Actor, url: str) -> None:
        try:
            with self.fetches.one_for(actor):
                picture = await self.set_photo.take_photo.fetch(url, ("account", actor.account_id))
            await self.set_photo(actor, picture)
        except (Malformed, TooLarge, RateLimited, Unavailable) as refusal:
            log.info("no picture from Facebook: %s", refusal)


def _fields(profile: FacebookProfile) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = cut(one_line(profile.full_name), NAME_MAX_CHARS)
    if name:
        fields["full_name"] = name
    if is_email(profile.email):
        fields["email"] = profile.email
    return fields


@dataclass(frozen=True, slots=True)
class ListFacebookFriends:
    """Lists the actor's friends on Facebook by the stored token.

    Raises FacebookTokenMissing if none is stored, FacebookTokenRefused, and Unavailable if Facebook does not answer.
    """

    facebook: Facebook
    links: FacebookLinks

    async def __call__(self, actor: Actor) -> list[FacebookFriend]:
        link = await self.links.find(actor.account_id)
        if link is None:
            raise FacebookTokenMissing
        return [replace(each, name=one_line(each.name)) for each in await self.facebook.list_friends(link.token)]
