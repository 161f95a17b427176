"""Finds which archived chats have come back: no row says so, the log does.

A message would otherwise cost a write for each member that has archived its chat. Few chats are archived, and one seek in an index of
messages answers for each of them.
"""

from collections.abc import Collection as Rows

from models.documents.entry import SEQ_MAX, Kind
from models.stores.chat_rows import first_key
from models.stores.database import Collection, Row, aggregate
from models.stores.entry_rows import ENTRIES
from models.stores.setting_rows import read_settings

# As the partial indexes `said` and `kept_back` have it.
_SAID: Row = {"kind": Kind.MESSAGE.value, "hidden_from": None}
_KEPT_BACK: Row = {"kind": Kind.MESSAGE.value, "hidden_from": {"$exists": True}}
_IN_CHAT: Row = {"$eq": ["$chat", "$$chat"]}


async def mark_newer(members: Collection, rows: Rows[Row]) -> None:
    """Set `newer` in each member row: whether its account may see a message behind the entry up to which it archived the chat."""
    archived = [row["_id"] for row in rows if read_settings(row).archived is not None]
    newer: set[int] = set()
    if archived:
        found = await aggregate(members, [{"$match": {"_id": {"$in": archived}}}, *_NEWER, {"$project": _ANY}])
        newer = {row["_id"] for row in found if row["said"] or row["own"]}
    for row in rows:
        row["newer"] = row["_id"] in newer


def _behind(name: str, match: Row, *conditions: Row) -> Row:
    """Returns the stage that looks up the newest of these entries behind the one up to which a chat is archived."""
    first, left = first_key("$chat"), {"$arrayElemAt": [{"$last": "$spans"}, 1]}
    variables: Row = {
        "chat": "$chat",
        "account": "$account",
        "archived": {"$add": [first, {"$toLong": "$settings.archived.value"}]},
        "end": {"$add": [first, {"$cond": [{"$isNumber": left}, {"$add": [left, 1]}, SEQ_MAX + 1]}]},
    }
    between: Row = {
        "$and": [_IN_CHAT, *conditions, {"$gt": ["$_id", "$$archived"]}, {"$lt": ["$_id", "$$end"]}],
    }
    newest: list[Row] = [{"$sort": {"_id": -1}}, {"$limit": 1}, {"$project": {"_id": True}}]
    pipeline = [{"$match": match | {"$expr": between}}, *newest]
    return {"$lookup": {"from": ENTRIES, "let": variables, "pipeline": pipeline, "as": name}}


_NEWER = [_behind("said", _SAID), _behind("own", _KEPT_BACK, {"$eq": ["$sender", "$$account"]})]
_ANY: Row = {"said": True, "own": True}
