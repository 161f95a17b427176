"""Lists somebody's Facebook friends."""

from dataclasses import dataclass, replace

from models.documents.facebook import FacebookFriend
from models.documents.plain_line import one_line
from models.documents.session import Actor
from models.errors import FacebookTokenMissing
from models.ports import Facebook
from models.stores.facebook_links import FacebookLinks


@dataclass(frozen=True, slots=True)
class ListFacebookFriends:
    """With the token that was registered last; raises FacebookTokenMissing without one, FacebookTokenRefused and Unavailable."""

    facebook: Facebook
    links: FacebookLinks

    async def __call__(self, actor: Actor) -> list[FacebookFriend]:
        link = await self.links.find(actor.account_id)
        if link is None:
            raise FacebookTokenMissing
        return [replace(each, name=one_line(each.name)) for each in await self.facebook.list_friends(link.token)]
