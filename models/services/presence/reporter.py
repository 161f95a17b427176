"""OnlineReporter: the accounts that this node says are online, brought to the board in the order in which they came and went.

One task writes, many accounts at a time, so two changes of one account never overtake each other, and who came and went while
it was writing is no news. What cannot be written is written later: on the way out the date comes first, so whoever
is shown as offline is shown since when, and an account whose date MongoDB does not take yet stays online.
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
WAIT_S = 2.0  # that somebody who comes waits for a Redis that does not answer


class OnlineReporter:
    """What this node says of accounts; `in` it are those that it counts as online whatever the board can tell."""

    def __init__(self, accounts: Accounts, board: PresenceStore, fanout: Fanout, clock: Clock) -> None:
        self._accounts = accounts
        self._board = board
        self._fanout = fanout
        self._clock = clock
        self._wanted: set[int] = set()
        self._said: set[int] = set()
        self._due: dict[int, asyncio.Future[None]] = {}  # to be written, by who waits for it
        self._silent: set[int] = set()  # of those, who leave without a date and without being told of
        self._late: set[int] = set()  # of those, who were told of when they could not be written
        self._is_lost = False
        self._is_closed = False
        self._work = asyncio.Event()
        self._tasks = BackgroundTasks()

    def __contains__(self, account_id: int) -> bool:
        return account_id in self._said

    async def open(self) -> None:
        self._tasks.keep("online reporter", self._run)

    async def close(self) -> None:
        """This node is going. Its people may be back elsewhere in a moment: the date is stored, the rest is another node's sweep."""
        await self._tasks.stop()
        self._is_closed = True
        for waiting in self._due.values():
            waiting.set_result(None)
        people = list(self._said)
        try:
            for start in range(0, len(people), AT_ONCE):
                await self._accounts.saw(people[start : start + AT_ONCE], self._clock.now())
        except Exception as error:  # noqa: BLE001 (the sweep does it again)
            log.warning("when people here were seen last is not stored: %s", type(error).__name__)

    async def enter(self, account_id: int) -> None:
        """The account is online here. Returns when every node can see it, or when that was tried in vain."""
        is_known = account_id in self._wanted and account_id not in self._due
        self._wanted.add(account_id)
        self._silent.discard(account_id)
        if not is_known:
            await asyncio.wait([self._want(account_id)], timeout=WAIT_S)

    async def leave(self, account_id: int, *, is_silent: bool = False) -> None:
        """The account is no longer online here; the same. With `is_silent` somebody else tells, and stores the date."""
        if account_id not in self._wanted:
            return
        self._wanted.discard(account_id)
        if is_silent:
            self._silent.add(account_id)
        await asyncio.wait([self._want(account_id)], timeout=WAIT_S)

    def say_again(self) -> None:
        """The board may have forgotten what this node said, or hold what it took back."""
        self._is_lost = True
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
        """Write some of what is due; whether it worked."""
        if self._is_lost and not await self._recall():
            return False
        batch = list(islice(self._due, AT_ONCE))
        if not batch:
            self._work.clear()
            return True
        waiting = [self._due.pop(account_id) for account_id in batch]
        try:
            return await self._write(batch)
        except Exception:
            self._again(batch)
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
        changed = await self._board.write(came, left)
        self._said.update(came)
        self._said.difference_update(left)
        if changed is None:
            told = set(batch) - undated - self._late  # people of this node hear it now, the others when it is written
            self._late |= told
            self._again(batch)
        else:
            told = changed
            self._late.difference_update(batch)
            self._silent -= silent
            self._again(undated)
        if told - silent:
            self._fanout.signal(PresenceChanged(sorted(told - silent)))
        return changed is not None and not undated

    async def _date(self, account_ids: Collection[int]) -> set[int]:
        """Store that these were here until now; those of whom it could not be stored."""
        try:
            if account_ids:
                await self._accounts.saw(account_ids, self._clock.now())
        except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
            log.warning("when %d people were seen last waits: %s", len(account_ids), type(error).__name__)
            return set(account_ids)
        return set()

    def _again(self, account_ids: Collection[int]) -> None:
        for account_id in account_ids:
            _ = self._want(account_id)

    async def _recall(self) -> bool:
        """Everything this node says is to be written anew, and what it does not say taken back; whether the board could be read."""
        written = await self._board.list_written()
        if written is None:
            return False
        self._is_lost = False
        self._silent |= written - self._said - self._wanted  # they left long ago, with a date
        self._again(written | self._wanted)
        return True
