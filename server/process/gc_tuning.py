"""Tells Python's garbage collector what a server is like: much that stays for ever, and little that needs it.

Reference counts free nearly everything here; cycles are few. By default the collector looks at the newest objects after each
700, and now and then at all: with many clients that is a pause that everybody notices, for nothing.
"""

import gc

# Of new objects before the youngest are looked at (once in 600 connects; 19 to 30 ms of work while a crowd
# connected to a busy machine), and of looks at one generation before one at the next.
THRESHOLDS = (20_000, 20, 50)


def tune_garbage_collector() -> None:
    """To be called once everything is built: what is there now is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
