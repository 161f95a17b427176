"""Reports this node's online accounts to the shared presence store, in the order in which they came and went.

One task writes, many accounts at a time, so two changes of one account never overtake each other, and an account that came and
went during one write is not written at all. What cannot be written is tried again. When an account leaves, its last-seen date
is stored first, so that it is never shown as offline without one; until MongoDB has taken the date, it stays online.
"""

import asyncio
import logging
from collections.abc import Collection
from itertools import islice

from models.facts import PresenceChanged
from models.ports import Clock, Fanout, PresenceStore
from models.stores.accounts import Accounts
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

AT_ONCE = 500
RETRY_S = 1.0
WAIT_S = 2.0  # how long a client that connects waits for a Redis that does not answer


class OnlineReporter:
    """Reports which accounts are online here.

    `id in reporter` is true for accounts reported online, even while the store cannot be read.
    """

    def __init__(self, accounts: Accounts, store: PresenceStore, fanout: Fanout, clock: Clock) -> None:
        self._accounts = accounts
        self._store = store
        self._fanout = fanout
        self._clock = clock
        self._wanted: set[int] = set()
        self._said: set[int] = set()
        self._due: dict[int, asyncio.Future[None]] = {}  # to be written, with the future of those who wait for it
        self._silent: set[int] = set()  # of those, accounts that leave without a date and without telling watchers
        # Of those, accounts of which watchers here were told although they could not be written.
        self._late: set[int] = set()
        self._must_republish = False
        self._is_closed = False
        self._work = asyncio.Event()
        self._tasks = BackgroundTasks()

    def __contains__(self, account_id: int) -> bool:
        return account_id in self._said

    async def open(self) -> None:
        self._tasks.keep("online reporter", self._run)

    async def close(self) -> None:
        """Stop reporting.

        The accounts' last-seen dates are stored; taking them out of the store is left to another node's sweep.
        """
        await self._tasks.stop()
        self._is_closed = True
        for waiting in self._due.values():
            waiting.set_result(None)
        people = list(self._said)
        try:
            for start in range(0, len(people), AT_ONCE):
                await self._accounts.set_last_seen(people[start : start + AT_ONCE], self._clock.now())
        except Exception as error:  # noqa: BLE001 (the sweep does it again)
            log.warning("when people here were seen last is not stored: %s", type(error).__name__)

    async def enter(self, account_id: int) -> None:
        """Report an account as online here. Returns when every node can see it, or after WAIT_S."""
        is_known = account_id in self._wanted and account_id not in self._due
        self._wanted.add(account_id)
        self._silent.discard(account_id)
        if not is_known:
            await asyncio.wait([self._want(account_id)], timeout=WAIT_S)

    async def leave(self, account_id: int, *, is_silent: bool = False) -> None:
        """Report an account as no longer online here. With `is_silent` the caller stores the date and tells watchers."""
        if account_id not in self._wanted:
            return
        self._wanted.discard(account_id)
        if is_silent:
            self._silent.add(account_id)
        await asyncio.wait([self._want(account_id)], timeout=WAIT_S)

    def republish(self) -> None:
        """Write everything again: the store may have lost what this node reported, or hold what it took back."""
        self._must_republish = True
        self._work.set()

    def _want(self, account_id: int) -> asyncio.Future[None]:
        done = self._due.get(account_id)
        if done is None:
            done = asyncio.get_running_loop().create_future()
            if self._is_closed:
                done.set_result(None)
            else:
                self._due[account_id] = done
        self._work.set()
        return done

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            try:
                is_done = await self._write_next()
            except Exception:
                log.exception("presence waits to be written")
                is_done = False
            if not is_done:
                await asyncio.sleep(RETRY_S)

    async def _write_next(self) -> bool:
        """Write some of what is due. Returns whether it worked."""
        if self._must_republish and not await self._republish_all():
            return False
        batch = list(islice(self._due, AT_ONCE))
        if not batch:
            self._work.clear()
            return True
        waiting = [self._due.pop(account_id) for account_id in batch]
        try:
            return await self._write(batch)
        except Exception:
            self._write_again(batch)
            raise
        finally:
            for done in waiting:
                done.set_result(None)

    async def _write(self, batch: Collection[int]) -> bool:
        came = [each for each in batch if each in self._wanted]
        left = [each for each in batch if each not in self._wanted]
        silent = self._silent.intersection(left)
        undated = await self._date([each for each in left if each not in silent])
        left = [each for each in left if each not in undated]
        changed = await self._store.write(came, left)
        self._said.update(came)
        self._said.difference_update(left)
        if changed is None:
            told = set(batch) - undated - self._late  # people of this node hear it now, the others when it is written
            self._late |= told
            self._write_again(batch)
        else:
            told = changed
            self._late.difference_update(batch)
            self._silent -= silent
            self._write_again(undated)
        if told - silent:
            self._fanout.signal(PresenceChanged(sorted(told - silent)))
        return changed is not None and not undated

    async def _date(self, account_ids: Collection[int]) -> set[int]:
        """Store that these accounts were here until now. Returns those whose date could not be stored."""
        try:
            if account_ids:
                await self._accounts.set_last_seen(account_ids, self._clock.now())
        except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
            log.warning("when %d people were seen last waits: %s", len(account_ids), type(error).__name__)
            return set(account_ids)
        return set()

    def _write_again(self, account_ids: Collection[int]) -> None:
        for account_id in account_ids:
            _ = self._want(account_id)

    async def _republish_all(self) -> bool:
        """Queue all reported accounts to be written again, and foreign leftovers to be removed.

        Returns False if the store cannot be read.
        """
        written = await self._store.list_written()
        if written is None:
            return False
        self._must_republish = False
        self._silent |= written - self._said - self._wanted  # they left long ago, with a date
        self._write_again(written | self._wanted)
        return True
