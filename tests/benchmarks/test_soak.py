"""The soak tells what goes on growing from what levels off."""

from benchmarks.soak import EVERY_S, Samples, is_growing, slope


def points(values: list[float]) -> list[tuple[float, float]]:
    return [(n * EVERY_S, value) for n, value in enumerate(values)]


def test_the_slope_of_a_line_is_that_of_the_line() -> None:
    assert slope(points([5.0, 7.0, 9.0])) == 2.0 / EVERY_S
    assert slope(points([5.0])) == 0.0


def test_what_grows_without_an_end_is_told_from_what_levels_off() -> None:
    grows = [100.0 + n for n in range(100)]
    fills = [min(100.0 + n, 140.0) for n in range(100)]
    assert is_growing(points(grows))
    assert not is_growing(points(fills))


def test_only_what_a_node_keeps_must_level_off() -> None:
    samples = Samples()
    for n in range(100):
        samples.add(n * EVERY_S, {"node 1 MB": 100.0 + n, "node 2 MB": 100.0, "MongoDB data MB": float(n)})
    assert samples.growing() == ["node 1 MB"]
    assert "| MongoDB data MB | 0.0 | 99.0 | +360.0 |" in samples.table()
