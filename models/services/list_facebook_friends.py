"""Lists somebody's Facebook friends."""

from dataclasses import dataclass

from models.documents.facebook import FacebookFriend
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
        return await self.facebook.list_friends(link.token)
