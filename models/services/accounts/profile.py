"""One's own profile: names, status message and privacy (docs/messaging-api.md, "Profile")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.documents.account import StatusChange, Visibility
from models.documents.session import Actor
from models.documents.user import UserView
from models.errors import Forbidden
from models.facts import AccountChanged
from models.ports import Clock, Fanout
from models.services.contacts.directory import change_account
from models.services.users.finding import FindUser
from models.stores.accounts import Accounts
from models.stores.languages import Languages
from models.stores.link_preview_refusals import LinkPreviewRefusals
from models.stores.read_receipt_refusals import ReadReceiptRefusals
from models.stores.status_histories import StatusHistories

READ_RECEIPTS = "read_receipts"  # the part of the privacy settings that has a store of its own


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """Changes the actor's own user (docs/events-api.md, "Users").

    Raises Forbidden for another user that the actor may find, and AccountNotFound for all others.
    """

    accounts: Accounts
    find: FindUser
    languages: Languages
    fanout: Fanout

    async def __call__(self, actor: Actor, user_id: int, fields: Mapping[str, Any]) -> UserView:
        """Set these fields, named as in the account; `notify.new_invite` is one flag. Returns the changed user.

        `language` is one of those that the server writes, or empty for none.
        """
        if user_id != actor.account_id:
            await self.find(actor, user_id)
            raise Forbidden("You may change your own profile only.")
        own = await self.find.own(actor)
        # A nickname stands in for a missing full name; a client that sends it back does not set a full name.
        changes = {name: value for name, value in fields.items() if name != "full_name" or value != own.full_name}
        if not changes:
            return own
        language = changes.pop("language", None)
        if changes:
            await change_account(self.accounts, self.fanout, user_id, changes)
        if language is not None:  # last, so that a refusal has changed nothing
            await self.languages.choose(user_id, language)
        return await self.find.own(actor)


@dataclass(frozen=True, slots=True)
class SetNickname:
    """Sets the name that others' notifications show if there is no full name. An empty text removes it."""

    accounts: Accounts
    fanout: Fanout

    async def __call__(self, actor: Actor, nickname: str) -> None:
        await change_account(self.accounts, self.fanout, actor.account_id, {"nickname": nickname})


@dataclass(frozen=True, slots=True)
class SetPrivacy:
    """Sets the parts of the privacy settings that are given."""

    accounts: Accounts
    refusals: ReadReceiptRefusals
    fanout: Fanout

    async def __call__(self, actor: Actor, parts: Mapping[str, Visibility]) -> None:
        """`read_receipts` is all or none; every other part also has contacts."""
        receipts = parts.get(READ_RECEIPTS)
        if receipts is not None:
            change = self.refusals.add if receipts is Visibility.NONE else self.refusals.forget
            await change(actor.account_id)
        fields = {f"privacy.{part}": who.value for part, who in parts.items() if part != READ_RECEIPTS}
        if fields:
            await change_account(self.accounts, self.fanout, actor.account_id, fields)
        else:
            self.fanout.signal(AccountChanged(actor.account_id))


@dataclass(frozen=True, slots=True)
class FindReadReceipts:
    """Returns the actor's privacy setting `read_receipts`."""

    refusals: ReadReceiptRefusals

    async def __call__(self, actor: Actor) -> Visibility:
        hides = (await self.refusals.map_by_ids([actor.account_id]))[actor.account_id]
        return Visibility.NONE if hides else Visibility.ALL


@dataclass(frozen=True, slots=True)
class FindLinkPreviews:
    """Returns whether this server looks at the links that the actor sends, as far as that is the actor's choice."""

    refusals: LinkPreviewRefusals

    async def __call__(self, actor: Actor) -> bool:
        return not await self.refusals.has(actor.account_id)


@dataclass(frozen=True, slots=True)
class SetLinkPreviews:
    """Sets whether this server looks at the links that the actor sends from now on."""

    refusals: LinkPreviewRefusals

    async def __call__(self, actor: Actor, *, is_on: bool) -> None:
        await (self.refusals.forget if is_on else self.refusals.add)(actor.account_id)


@dataclass(frozen=True, slots=True)
class SetStatusMessage:
    """Sets the status message, and adds it to the history if it differs from the present one."""

    accounts: Accounts
    histories: StatusHistories
    fanout: Fanout
    clock: Clock

    async def __call__(self, actor: Actor, text: str) -> None:
        before = await self.accounts.require(actor.account_id)
        if before.status_message == text:
            return
        await change_account(self.accounts, self.fanout, actor.account_id, {"status_message": text})
        await self.histories.append(actor.account_id, StatusChange(text, self.clock.now()))
