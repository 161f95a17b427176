"""Which devices a notification is for."""

from datetime import UTC, datetime

import pytest

from models.documents.notification import MESSAGE, SIGN_IN, Device, Notification

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "session", "is_shown"), [(SIGN_IN, "new", False), (SIGN_IN, "old", True), (MESSAGE, "new", True)]
)
def test_a_sign_in_is_told_to_all_devices_but_its_own(kind: str, session: str, *, is_shown: bool) -> None:
    told = Notification("key", 7, "Somebody signed in.", kind, NOW, {"session": "new"})
    assert told.is_for(Device("token", 7, session, NOW)) is is_shown
