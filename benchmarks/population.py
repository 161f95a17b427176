"""Puts people with tokens and groups into the stores directly: more than could sign in one by one."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.servers import SECRET, Person
from models.documents.entry import Draft, Joined
from models.documents.phone import Phone
from models.services.accounts.sessions import StartSession
from server.config import Settings
from server.embedded import EmbeddedStores
from server.wiring.outside import open_outside
from server.wiring.services import Services, build_services, open_services

TOKENS_LAST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Population:
    """People of whom each is in one group of `groups` and in the chat `everybody`."""

    people: Sequence[Person]
    groups: Sequence[tuple[int, Sequence[Person]]]  # chat, members
    everybody: int

    @property
    def chats(self) -> list[int]:
        return [self.everybody, *(chat for chat, _ in self.groups)]


async def settle(stores: EmbeddedStores, folder: Path, people: int, group_size: int) -> Population:
    """Returns people for nodes that `benchmarks.servers` starts on these stores."""
    settings = Settings(data_dir=folder, sms={"provider": "outbox"}, auth={"secret": SECRET})
    async with AsyncExitStack() as stack:
        services = build_services(settings, await open_outside(stack, settings, stores.mongodb_url, stores.redis_url))
        await open_services(services, stack)
        residents = await _sign_in(services, people)
        groups = []
        for first in range(0, people, group_size):
            members = residents[first : first + group_size]
            groups.append((await _found(services, members), members))
        return Population(residents, groups, await _found(services, residents))


async def _sign_in(services: Services, count: int) -> list[Person]:
    phones = [Phone.from_digits(f"49303{number:07d}") for number in range(count)]
    runtime = services.runtime
    found = await runtime.stores.accounts.find_or_create_all(phones, runtime.clock.now())
    await runtime.outside.database.raw["accounts"].update_many({}, {"$set": {"is_registered": True}})
    start = StartSession(runtime.stores.sessions, runtime.tokens, runtime.clock, TOKENS_LAST)
    accounts = [found[phone.number] for phone in phones]
    signed = await asyncio.gather(*(start(each, "benchmark") for each in accounts))
    return [Person(each.account.number, each.account.id, each.token) for each in signed]


async def _found(services: Services, members: Sequence[Person]) -> int:
    """Make a group and wait until all are in it. Returns its chat's id."""
    first, runtime = members[0], services.runtime
    chat = await runtime.stores.chats.create_group((first.account_id, first.number), "population", runtime.clock.now())
    joined = Joined(
        tuple(each.account_id for each in members), tuple(each.number for each in members), (first.account_id,)
    )
    stored = await services.log.journal.append(Draft(chat.id, first.account_id, first.number, "joined", joined))
    await services.log.announcer.applied(stored.entry)
    return chat.id
