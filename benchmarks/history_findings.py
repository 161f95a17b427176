"""What is found in a history: how often each promise was broken, with evidence, and how long recovery took."""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

VERDICTS = (
    "lost",
    "doubled",
    "holes",
    "reordered",
    "answered differently",
    "seen by an outsider",
    "seen differently",
    "outdated",
    "unknowingly behind",
    "shut out",
    "shown online",
)
EXAMPLES = 5  # pieces of evidence that are kept for each verdict


@dataclass
class Findings:
    """What was found in one or several pieces."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    evidence: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: int = 0
    seen: int = 0
    pieces: int = 0
    rests: int = 0
    faults: dict[str, list[float | None]] = field(default_factory=lambda: defaultdict(list))  # kind -> seconds to level

    @property
    def is_clean(self) -> bool:
        return not any(self.counts.values())

    def convicts(self, verdicts: Collection[str]) -> bool:
        """Returns whether all of these were found, or any at all if there are none."""
        return not self.is_clean and all(self.counts[verdict] for verdict in verdicts)

    def convict(self, verdict: str, said: str) -> None:
        self.counts[verdict] += 1
        if len(self.evidence[verdict]) < EXAMPLES:
            self.evidence[verdict].append(said)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def describe(found: Findings) -> str:
    """Returns the findings as tables for people."""
    lines = [
        f"{found.pieces} pieces, {found.rests} rests, {found.acknowledged} acknowledged, {found.seen} shown",
        ", ".join(f"{verdict} {count}" for verdict, count in found.counts.items()),
        "",
        f"{'seconds until all hold everything':<44}{'faults':>7}{'p50':>7}{'p99':>7}{'max':>7}{'never':>7}",
    ]
    every = {"all": [each for times in found.faults.values() for each in times], **dict(sorted(found.faults.items()))}
    for kind, times in every.items():
        known = [each for each in times if each is not None]
        spread = "".join(
            f"{value:>7.1f}"
            for value in (percentile(known, 0.5), percentile(known, 0.99), max(known, default=math.nan))
        )
        lines.append(f"{kind:<44}{len(times):>7}{spread}{len(times) - len(known):>7}")
    for verdict, evidence in found.evidence.items():
        lines += ["", f"{verdict} ({found.counts[verdict]} times), for example", *(f"  {each}" for each in evidence)]
    return "\n".join(lines)
