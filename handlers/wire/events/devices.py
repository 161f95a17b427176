"""Devices on the events API (docs/events-api.md, "Devices")."""

from typing import Annotated, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from handlers.wire.events.fields import LINE
from handlers.wire.events.nulls import ActingRequest

TOKEN_MAX_CHARS = 255  # Apple's have 64 characters today; Apple asks not to rely on that


class DeviceToken(ActingRequest):
    """The token that Apple gave the app on a device."""

    model_config = ConfigDict(str_strip_whitespace=True)

    token: Annotated[str, Field(min_length=1, max_length=TOKEN_MAX_CHARS), LINE]


class AddedDevice(TypedDict):
    token: str
    user_id: int


class RemovedDevice(TypedDict):
    """`token` and `user_id` of a device that was removed, else the `reason` why none was."""

    success: bool
    token: NotRequired[str]
    user_id: NotRequired[int]
    reason: NotRequired[str]
