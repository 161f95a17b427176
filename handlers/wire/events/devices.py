"""Devices as the events API names and shows them (events contract, section 4)."""

from typing import Annotated, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from handlers.wire.events.fields import LINE
from handlers.wire.events.nulls import ActingRequest

TOKEN_MAX_CHARS = 255  # Apple's have 64 today, and are to be taken as they come


class DeviceToken(ActingRequest):
    """The token that Apple gave the app on a device."""

    model_config = ConfigDict(str_strip_whitespace=True)

    token: Annotated[str, Field(min_length=1, max_length=TOKEN_MAX_CHARS), LINE]


class AddedDevice(TypedDict):
    token: str
    user_id: int


class RemovedDevice(TypedDict):
    """With `token` and `user_id` when it was removed, else with the `reason` why not."""

    success: bool
    token: NotRequired[str]
    user_id: NotRequired[int]
    reason: NotRequired[str]
