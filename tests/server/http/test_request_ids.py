"""The id of a request stands in what is logged while it is answered, and in nothing else."""

import json
import logging

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from server.http.request_ids import HEADER, name_requests
from server.process.logs import JsonLine, TextLine

LINE = logging.makeLogRecord({"name": "server.x", "levelname": "INFO", "levelno": logging.INFO, "msg": "something"})


def lines() -> tuple[dict[str, str], str]:
    return json.loads(JsonLine("").format(LINE)), TextLine("").format(LINE)


async def test_what_is_logged_during_a_request_names_it() -> None:
    found: list[tuple[dict[str, str], str]] = []

    async def answer(_: web.Request) -> web.Response:
        found.append(lines())
        return web.Response()

    await name_requests(make_mocked_request("GET", "/", headers={HEADER: "abc-1"}), answer)
    as_json, as_text = found[0]
    assert as_json["request"] == "abc-1"
    assert as_text.endswith("something (request abc-1)")
    as_json, as_text = lines()
    assert "request" not in as_json
    assert as_text.endswith("something")
