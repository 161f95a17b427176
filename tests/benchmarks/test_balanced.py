"""The official client gets in through HAProxy and nginx by every transport, whichever node each request reaches."""

from pathlib import Path

import pytest

from benchmarks.balanced import BALANCERS, SHORT, Line, run
from server.embedded import EmbeddedStores
from tests.support.javascript_client import install_javascript_client


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_short_run_loses_and_doubles_nothing(stores: EmbeddedStores, tmp_path: Path) -> None:
    modules = await install_javascript_client()
    settings = {"PARLEY_MONGODB__DATABASE": "balanced", "PARLEY_REDIS__PREFIX": "balanced"}
    try:
        lines = await run(SHORT, stores, tmp_path, BALANCERS, modules, settings)
    except LookupError as missing:
        pytest.skip(str(missing))
    assert all(line.is_clean for line in lines), lines
    assert [line.acknowledged for line in lines] == [SHORT.connects * SHORT.messages] * 6


@pytest.mark.parametrize("broken", ["refused", "unknown", "failures", "disconnects", "lost", "doubled", "out_of_order"])
def test_whatever_goes_wrong_fails_the_run(broken: str) -> None:
    assert Line("nginx", "polling", passed_on=1).is_clean
    line = Line("nginx", "polling", passed_on=1)
    setattr(line, broken, 1)
    assert not line.is_clean


def test_polls_that_never_reached_another_node_fail_the_run() -> None:
    assert not Line("nginx", "polling").is_clean
