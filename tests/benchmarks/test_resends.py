"""The measurement of resends runs to its end, and counts each kind."""

from benchmarks import resends


async def test_storm_and_repeaters_are_measured() -> None:
    (measured,) = await resends.run(rounds=1, messages=400, seconds=0.2)
    assert min(measured.fresh, measured.storm, measured.alone, measured.beside_repeaters) > 0
    assert measured.keys <= resends.KEYS_GOAL
