"""The language in which an account is written to (docs/messaging-api.md, "Language")."""

import logging
from dataclasses import dataclass

from models.documents.session import Actor
from models.errors import UnknownLanguage
from models.languages.language import TAGS
from models.stores.languages import Languages

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """Stores the language that the owner chose; an empty one takes the choice back. Raises UnknownLanguage."""

    languages: Languages

    async def __call__(self, actor: Actor, tag: str) -> None:
        if tag and tag not in TAGS:
            raise UnknownLanguage
        await self.languages.choose(actor.account_id, tag)


@dataclass(frozen=True, slots=True)
class FindLanguage:
    """Returns the language that the actor chose, None if that is none."""

    languages: Languages

    async def __call__(self, actor: Actor) -> str | None:
        return await self.languages.find_chosen(actor.account_id) or None


@dataclass(frozen=True, slots=True)
class NoteLanguage:
    """Stores the language that a client asks for while it signs in or registers a device; it counts while the owner chose none.

    Never raises: no text is worth a sign-in whose code is used up.
    """

    languages: Languages

    async def __call__(self, account_id: int, tag: str) -> None:
        """`tag` is empty for a client that asks for no language that is known here."""
        if not tag:
            return
        try:
            await self.languages.note_asked(account_id, tag)
        except Exception as error:  # noqa: BLE001 (whatever it is, the next sign-in notes it)
            log.warning("the language of account %d is not noted: %s", account_id, type(error).__name__)
