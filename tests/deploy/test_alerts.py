"""The alerts watch what docs/operations.md says to watch, by metrics that there are."""

import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.docs.documents import DOCS, read_rows
from tests.support.node import Node

ROOT = Path(__file__).parents[2]
FROM_PROMETHEUS = {"up"}
OF_WORKERS = {"parley_worker_up"}
METRIC = re.compile(r"(?:parley|process)_\w+")


def read_rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text("utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def list_watched() -> set[str]:
    """Returns the metrics in the table of troubles (docs/operations.md, "Watching")."""
    return {name for row in read_rows(DOCS / "operations.md", "Watching") for name in METRIC.findall(row[0])}


async def test_every_metric_in_a_rule_is_one_that_a_node_has(node: Node) -> None:
    async with node.http.get(f"{node.url}/metrics") as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    there_are = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    for rule in read_rules():
        names = set(METRIC.findall(rule["expr"]))
        assert names or rule["expr"].startswith("up{"), rule["alert"]
        assert names <= there_are | OF_WORKERS, rule["alert"]


def test_every_line_of_the_watch_has_a_rule() -> None:
    assert len(list_watched()) > 15
    assert list_watched() - {name for rule in read_rules() for name in METRIC.findall(rule["expr"])} == set()


def test_every_rule_says_what_it_means_and_how_bad_that_is() -> None:
    rules = read_rules()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "warn"}
        assert rule["annotations"]["summary"]
        assert rule["expr"].count("(") == rule["expr"].count(")")


async def test_the_parts_of_readiness_have_figures(node: Node) -> None:
    async with node.http.get(f"{node.url}/metrics") as answer:
        families = {family.name: family.samples for family in text_string_to_metric_families(await answer.text())}
    for name in ("ready", "database_up", "bus_up", "secret_agrees", "clock_agrees"):
        assert [sample.value for sample in families[f"parley_{name}"]] == [1], name
    (build,) = families["parley_build_info"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", build.labels["version"])
    assert 0 < families["process_open_fds"][0].value < families["process_max_fds"][0].value
    assert families["process_start_time_seconds"][0].value > 1_700_000_000
