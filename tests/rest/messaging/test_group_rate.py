"""How fast one account founds groups is bounded, and with it how far the id of a group lies in the future."""

from datetime import UTC, datetime
from pathlib import Path

from server.embedded import EmbeddedStores
from tests.conversation.talk import friends
from tests.support.node import Node, Person, running_node, settings_for

BURST = 3


async def found(node: Node, founder: Person, other: Person) -> tuple[int, dict[str, str], dict[str, str]]:
    headers = {"Authorization": f"Bearer {founder.token}"}
    body = {"participants": [other.number], "subject": "Us"}
    async with node.http.post(f"{node.url}/api/groups/create-group/", json=body, headers=headers) as answer:
        return answer.status, await answer.json(), dict(answer.headers)


async def test_who_founds_groups_too_fast_is_told_when_to_come_back_and_others_are_not(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    limits = {"enabled": True, "groups_per_minute": 1, "groups_burst": BURST}
    async with running_node(stores, settings_for(tmp_path, limits=limits)) as node:
        ann, tom = await friends(node, 2)
        started = int(datetime.now(UTC).timestamp())
        made = [await found(node, ann, tom) for _ in range(BURST + 1)]
        assert [status for status, _, _ in made] == [201] * BURST + [429]
        _, refusal, headers = made[-1]
        assert refusal["code"] == "rate_limited"
        assert 1 <= int(headers["Retry-After"]) <= 60
        now = int(datetime.now(UTC).timestamp())
        assert all(started <= int(shown["groupid"].split("-")[1]) < now + BURST for _, shown, _ in made[:BURST])
        assert (await found(node, tom, ann))[0] == 201
