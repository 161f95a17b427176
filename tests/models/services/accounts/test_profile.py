"""A profile that is refused is changed in no part."""

from unittest.mock import AsyncMock, Mock

import pytest

from models.errors import AccountNotFound
from models.services.accounts.profile import ChangeUser


async def test_a_refused_change_leaves_the_language_as_it_was() -> None:
    accounts, languages = AsyncMock(change=AsyncMock(side_effect=AccountNotFound)), AsyncMock()
    change = ChangeUser(accounts, AsyncMock(), languages, Mock())
    with pytest.raises(AccountNotFound):
        await change(Mock(account_id=1), 1, {"email": "a@example.com", "language": "de"})
    languages.choose.assert_not_called()
