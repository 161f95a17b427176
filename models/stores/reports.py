"""Reports of people and groups, which the operator reads at the command line."""

from dataclasses import asdict
from datetime import timedelta

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.documents.report import Report, ReportedMessage
from models.stores.database import Database, Row

KEPT_FOR = timedelta(days=365)
INDEXES = [
    IndexModel([("at", DESCENDING)], name="clean_up", expireAfterSeconds=int(KEPT_FOR.total_seconds())),
    IndexModel([("reporter_id", ASCENDING)], name="reporter", sparse=True),
    IndexModel([("account_id", ASCENDING)], name="account", sparse=True),
]


class Reports:
    """One row per report, with copies of the reported messages."""

    def __init__(self, database: Database) -> None:
        self._reports = database.collection("reports")

    async def prepare(self) -> None:
        await self._reports.create_indexes(INDEXES)

    async def add(self, report: Report) -> None:
        row = {name: value for name, value in asdict(report).items() if value is not None}
        row["_id"] = ObjectId(row.pop("id"))
        row["messages"] = [asdict(message) for message in report.messages]
        await self._reports.insert_one(row)

    async def list_newest(self, limit: int) -> list[Report]:
        """Returns the newest reports, the oldest of them first."""
        rows = await self._reports.find({}).sort("at", DESCENDING).limit(limit).to_list(limit)
        return [_report_of(row) for row in reversed(rows)]

    async def remove(self, report_id: str) -> bool:
        """Returns whether there was a report of this id."""
        try:
            key = ObjectId(report_id)
        except InvalidId:
            return False
        return (await self._reports.delete_one({"_id": key})).deleted_count == 1

    async def forget(self, account_id: int) -> None:
        """Delete reports about this account, with what it wrote, and its name from those that it made."""
        await self._reports.delete_many({"account_id": account_id})
        await self._reports.update_many({"reporter_id": account_id}, {"$unset": {"reporter_id": "", "reporter": ""}})


def new_report_id() -> str:
    return str(ObjectId())


def _report_of(row: Row) -> Report:
    return Report(
        str(row["_id"]),
        row["at"],
        row.get("reporter"),
        row.get("reporter_id"),
        row.get("contact"),
        row.get("account_id"),
        row.get("group"),
        row.get("subject"),
        row["reason"],
        tuple(ReportedMessage(**message) for message in row["messages"]),
    )
