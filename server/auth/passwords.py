"""Hashes passwords by argon2id, in threads of its own, so that a sign-in never delays messages."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.errors import RateLimited

AT_ONCE = 2  # each takes 64 MiB and some 50 ms of several cores (RFC 9106, second recommendation)
WAITING_MAX = 100  # some seconds of work; whoever comes then had better come again
T = TypeVar("T")


class Argon2Passwords:
    """Implements models.ports.Passwords."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys: str | None = None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        if password_hash is None:  # an unknown name must not be told from a wrong password by the time it takes
            self._nobodys = self._nobodys or await self.hash("")
        hashed = password_hash or self._nobodys or ""
        matches = await self._run(lambda: self._verify(hashed, password))
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise RateLimited("Too many are signing in at this moment; wait.", retry_after_ms=2000)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _bytes(password: str) -> bytes:
    """Returns the password in UTF-8. Half of a surrogate pair, which JSON can carry, counts as any other character."""
    return password.encode("utf-8", "surrogatepass")
