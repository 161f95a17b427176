"""Reports of people and groups to the operator (docs/messaging-api.md, "Reports")."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry, Message
from models.documents.report import Report, ReportedMessage
from models.documents.session import Actor
from models.errors import AccountNotFound, ChatNotFound, MessageNotFound, RateLimited, whole_ms
from models.ports import Clock
from models.services.chats.history import LocateLog
from models.services.contacts.directory import Directory
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.quotas import Quotas
from models.stores.reports import Reports, new_report_id

log = logging.getLogger(__name__)

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class ReportAbuse:
    """Keeps reports for the operator. Nobody else is told, least of all those who are reported.

    Messages are copied as the reporter is shown them now, so that they can still be judged when they are deleted. Raises
    MessageNotFound for a message that the reporter is not shown, or that is not of the reported person or group, and
    RateLimited beyond `per_day` reports of one account.
    """

    reports: Reports
    locate_log: LocateLog
    members: Members
    entries: Entries
    directory: Directory
    quotas: Quotas
    clock: Clock
    per_day: int
    is_enabled: bool

    async def of_contact(self, actor: Actor, number: str, reason: str, places: Collection[tuple[int, int]]) -> None:
        """Report a number, which need not have an account, with messages that it sent to any chat."""
        try:
            account_id: int | None = (await self.directory.require_number(number)).id
        except AccountNotFound:
            account_id = None
        messages = await self._find(actor, places)
        if any(entry.sender_id != account_id for entry in messages):
            raise MessageNotFound
        await self._keep(actor, Report("", self.clock.now(), None, None, number, account_id, reason=reason), messages)

    async def of_group(self, actor: Actor, group: str, reason: str, places: Collection[tuple[int, int]]) -> None:
        """Report a group that the actor is in, or was, with messages of it. Raises ChatNotFound."""
        found = await self.locate_log(actor, ChatRef(group=group))
        if found is None:
            raise ChatNotFound
        messages = await self._find(actor, places)
        if any(entry.chat_id != found.chat.id for entry in messages):
            raise MessageNotFound
        subject = found.chat.subject
        report = Report("", self.clock.now(), None, None, group=group, subject=subject, reason=reason)
        await self._keep(actor, report, messages)

    async def _find(self, actor: Actor, places: Collection[tuple[int, int]]) -> list[Entry]:
        """Returns the messages at these (chat id, seq), in their order, as the actor is shown them."""
        found: dict[tuple[int, int], Entry] = {}
        entries = await self.entries.list_at(places)
        for chat_id in {entry.chat_id for entry in entries}:
            member = await self.members.find_member(chat_id, actor.account_id)
            here = [entry for entry in entries if entry.chat_id == chat_id]
            shown: Iterable[Entry] = [] if member is None else await self.entries.as_shown_to(member, here)
            found |= {(entry.chat_id, entry.seq): entry for entry in shown if isinstance(entry.body, Message)}
        if any(place not in found for place in places):
            raise MessageNotFound
        return [found[place] for place in sorted(set(places))]

    async def _keep(self, actor: Actor, report: Report, messages: Iterable[Entry]) -> None:
        if self.is_enabled:
            wait = await self.quotas.take(f"reports {actor.number}", self.per_day, DAY_S, report.at)
            if wait is not None:
                raise RateLimited(f"At most {self.per_day} reports in a day.", retry_after_ms=whole_ms(wait))
        copies = [ReportedMessage.of(entry, entry.body) for entry in messages if isinstance(entry.body, Message)]
        made = Report(
            new_report_id(),
            report.at,
            actor.number,
            actor.account_id,
            report.contact,
            report.account_id,
            report.group,
            report.subject,
            report.reason,
            tuple(copies),
        )
        await self.reports.add(made)
        log.warning("report %s is made: `parley list-reports` shows it", made.id)
