"""Removes the metadata of one image, or finds that of a film, in a process of its own, which decodes nothing and so starts quickly.

Run like picture_worker.py. Of an image it answers with the image without its metadata, or with nothing if there are none; a
format that cannot be cleaned without decoding it is refused. Of a film it answers with the places of its metadata.
"""

import os
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

from server.media.film_metadata import find_described
from server.media.metadata import Undefined, clean
from server.media.worker import Refused, answer, limit_memory, wait_for

BOX = struct.Struct(">QQQ")  # where the type of a box is written, and where its content begins and ends
_COPIES = 3  # of the file, that are in memory at a time
_SMALL_BYTES = 16 << 20


def _clean_image(source: BinaryIO, size: int) -> list[bytes]:
    """Returns the image without its metadata, or nothing if there are none. Raises Refused."""
    data = source.read(size)
    with suppress(Undefined, MemoryError):
        bare = clean(data)
        if bare is not None:
            return [] if bare is data else [bare]
    raise Refused("The image is of a format that has to be converted.")


def _list_boxes(source: BinaryIO, size: int) -> list[bytes]:
    """Returns the places of a film's metadata, each as BOX. Raises Refused."""
    try:
        return [BOX.pack(*place) for place in find_described(source, size)]
    except ValueError as error:
        raise Refused(f"The film cannot be read: {error}.") from None


def main(file: str, what: str, *numbers: str) -> int:
    """Run `image MAX_PIXELS MAX_BYTES CPU_S` or `film MAX_PIXELS MAX_BYTES CPU_S`."""
    _, max_bytes, cpu_s = map(int, numbers)

    def make(source: BinaryIO) -> list[bytes]:
        size = os.fstat(source.fileno()).st_size
        needed_bytes = _SMALL_BYTES + (_COPIES * size if what == "image" else 0)
        limit_memory(min(max_bytes, 2 * needed_bytes))
        wait_for(needed_bytes)
        return (_clean_image if what == "image" else _list_boxes)(source, size)

    return answer(file, cpu_s, make)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
