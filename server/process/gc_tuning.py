"""Tunes Python's garbage collector for a server: most objects live for ever or are freed by reference counts.

By default the collector looks at the newest objects after each 700, and at all of them now and then. With many clients
that is a noticeable pause, and it finds little, because cycles are few.
"""

import gc

# New objects per collection of the youngest generation (one in 600 connects; 19 to 30 ms of work while a crowd connected
# to a busy machine), and collections of one generation per collection of the next.
THRESHOLDS = (20_000, 20, 50)


def tune_garbage_collector() -> None:
    """Exempt all existing objects from collection and collect less often. To be called once everything is built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
