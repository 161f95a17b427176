"""Translates what an account sets for itself into fields of rows and back, in the log and in member rows alike."""

from collections.abc import Mapping
from typing import Any

from models.documents.chat_settings import DEFAULTS, ChatSettings, NotifyAbout, SavedDraft, Setting, SettingsChange
from models.documents.entry import ChatSettingsSet, PersonalChange, Starred
from models.stores.database import Row


def change_row(change: SettingsChange) -> Row:
    """Returns the fields that a change sets, as an entry's row holds them."""
    return {name: _value(setting) for name, setting in change.items()}


def personal_fields(change: PersonalChange) -> Row:
    """Returns the fields of an entry about one's own state."""
    match change:
        case ChatSettingsSet(of_chat, fields):
            return {"of_chat": of_chat, "settings": change_row(fields)}
        case Starred(of_chat, of_seq, starred):
            return {"of_chat": of_chat, "of_seq": of_seq, "starred": starred}


def read_change(row: Mapping[str, Any]) -> SettingsChange:
    """Returns the change that `change_row` made a row of."""
    return {name: _setting(name, value) for name, value in row.items()}


def read_settings(row: Mapping[str, Any]) -> ChatSettings:
    """Returns the settings in a member row: for each field its value, and by which entry it was set."""
    fields = row.get("settings")
    if not fields:
        return DEFAULTS
    return DEFAULTS.changed_by({name: _setting(name, one["value"]) for name, one in fields.items()})


def _value(setting: Setting) -> object:
    match setting:
        case SavedDraft(text, reply_to):
            return {"text": text, "reply_to": reply_to}
        case NotifyAbout():
            return setting.value
        case _:
            return setting


def _setting(name: str, value: Any) -> Setting:
    setting: Setting = value
    match name:
        case "draft" if value is not None:
            return SavedDraft(value["text"], value["reply_to"])
        case "notify":
            return NotifyAbout(value)
        case _:
            return setting
