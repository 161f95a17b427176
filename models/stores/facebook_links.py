"""Facebook links: each account's access token, stored apart from the account, which is read far more often."""

from models.documents.facebook import FacebookLink
from models.stores.database import Database


class FacebookLinks:
    """One row per account that registered a token."""

    def __init__(self, database: Database) -> None:
        self._links = database.collection("facebook_links")

    async def replace(self, account_id: int, link: FacebookLink) -> None:
        row = {"token": link.token, "picture_url": link.picture_url}
        await self._links.replace_one({"_id": account_id}, row, upsert=True)

    async def find(self, account_id: int) -> FacebookLink | None:
        row = await self._links.find_one({"_id": account_id})
        return None if row is None else FacebookLink(row["token"], row["picture_url"])

    async def forget(self, account_id: int) -> None:
        await self._links.delete_one({"_id": account_id})
