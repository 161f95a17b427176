"""What a camera writes beside a film is found, and is made empty without a byte of the film moving."""

from io import BytesIO

import av
import pytest

from models.documents.media import Box
from server.media.film_metadata import find_described
from tests.support.recordings import sound, video

PLACE = "+52.5163+013.3777/"
TAGS = {"location": PLACE, "com.apple.quicktime.location.ISO6709": PLACE, "make": "a camera"}


def emptied(data: bytes) -> bytes:
    bare = bytearray(data)
    for place in find_described(BytesIO(data), len(data)):
        Box(*place).empty(bare, 0)
    return bytes(bare)


def frames(data: bytes) -> list[bytes]:
    with av.open(BytesIO(data)) as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("mov", "mpeg4"), ("3gp", "mpeg4")])
def test_the_place_of_a_film_goes_and_the_film_stays(container: str, codec: str) -> None:
    data = video(container, codec, frames=5, **TAGS)
    data += b"\0\0\0\x1auuid" + bytes(16) + b"XMP"[:2]
    bare = emptied(data)
    assert len(bare) == len(data)
    assert b"52.5163" not in bare
    with av.open(BytesIO(bare)) as found:
        assert not {"location", "make", "com.apple.quicktime.location.ISO6709"} & set(found.metadata)
    assert frames(bare) == frames(data)
    assert emptied(bare) == bare


@pytest.mark.parametrize("data", [sound(), b"", b"\0\0\0\x08moov" * 100, b"\0\0\0\x01moov" + b"\xff" * 8 + bytes(99)])
def test_where_nothing_is_written_nothing_is_found(data: bytes) -> None:
    assert find_described(BytesIO(data), len(data)) == []


def test_of_a_film_of_more_boxes_than_anybody_needs_the_first_ones_count() -> None:
    place = b"\0\0\0\x09udtax"
    data = place + b"\0\0\0\x08free" * 199_998 + place * 2
    assert len(find_described(BytesIO(data), len(data))) == 2


def test_a_film_with_more_descriptions_than_anybody_needs_is_refused() -> None:
    data = b"\0\0\0\x09udtax" * 201
    with pytest.raises(ValueError, match="too many"):
        find_described(BytesIO(data), len(data))


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_box_is_emptied_piece_by_piece_as_it_is_whole(at: int) -> None:
    data = bytes(range(40))
    box = Box(9, 13, 31)
    whole, one, other = bytearray(data), bytearray(data[:at]), bytearray(data[at:])
    box.empty(whole, 0)
    box.empty(one, 0)
    box.empty(other, at)
    assert one + other == whole
    assert whole == data[:9] + b"free" + bytes(18) + data[31:]
