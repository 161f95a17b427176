"""What is found out about videos and sounds, in a process of their own: their length, a picture, a waveform."""

import base64
from io import BytesIO

import pytest
from PIL import Image

from models.errors import Malformed
from server.media.imaging import PictureProcesses
from tests.support.pictures import content_of
from tests.support.recordings import CLOCKWISE, sound, turned, video

RED, BLUE = (253, 0, 0), (0, 0, 254)


@pytest.fixture
def imaging() -> PictureProcesses:
    return PictureProcesses(max_pixels=5_000_000)


def is_near(found: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) < 30 for one, other in zip(found, colour, strict=True))


@pytest.mark.parametrize(
    ("container", "codec", "is_live"),
    [
        ("mp4", "libx264", False),
        ("mp4", "libx265", False),
        ("webm", "libvpx", False),
        ("webm", "libvpx-vp9", True),
        ("avi", "mpeg4", False),
    ],
)
async def test_a_video_has_a_size_a_length_and_a_picture(
    imaging: PictureProcesses, container: str, codec: str, is_live: bool
) -> None:
    found = await imaging.examine_video(content_of(video(container, codec, is_live=is_live)))
    assert found.duration_ms == 1000
    assert found.poster is not None
    assert (found.poster.placeholder.width, found.poster.placeholder.height) == (320, 240)
    assert base64.b64decode(found.poster.placeholder.blur)
    poster = Image.open(BytesIO(found.poster.data))
    assert (poster.format, poster.size) == ("JPEG", (320, 240))
    assert is_near(poster.getpixel((20, 120)), RED)
    assert is_near(poster.getpixel((300, 120)), BLUE)


async def test_a_video_that_players_turn_is_upright(imaging: PictureProcesses) -> None:
    found = await imaging.examine_video(content_of(turned(video(), CLOCKWISE)))
    assert found.poster is not None
    assert (found.poster.placeholder.width, found.poster.placeholder.height) == (240, 320)
    poster = Image.open(BytesIO(found.poster.data))
    assert poster.size == (240, 320)
    assert is_near(poster.getpixel((120, 20)), RED)  # the left side is on top
    assert is_near(poster.getpixel((120, 300)), BLUE)


async def test_the_picture_of_a_large_video_is_small(imaging: PictureProcesses) -> None:
    found = await imaging.examine_video(content_of(video(size=(1920, 1080), frames=2)))
    assert found.poster is not None
    assert (found.poster.placeholder.width, found.poster.placeholder.height) == (1920, 1080)
    assert Image.open(BytesIO(found.poster.data)).size == (640, 360)


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("ogg", "libopus", 48_000),
        ("mp4", "aac", 44_100),
        ("mp3", "libmp3lame", 44_100),
        ("wav", "pcm_s16le", 22_050),
        ("caf", "pcm_s16le", 22_050),
        ("3gp", "libopencore_amrnb", 8_000),
    ],
)
async def test_a_sound_has_a_length_and_says_where_it_is_loud(
    imaging: PictureProcesses, container: str, codec: str, rate: int
) -> None:
    found = await imaging.examine_sound(content_of(sound(container, codec, rate=rate)))
    assert found.duration_ms is not None
    assert abs(found.duration_ms - 2000) < 60
    bins = base64.b64decode(found.waveform or "")
    assert len(bins) == 64
    assert max(bins) == 255
    assert max(bins[:28]) < 60 < 150 < min(bins[36:62])


async def test_a_silent_sound_is_silent(imaging: PictureProcesses) -> None:
    found = await imaging.examine_sound(content_of(sound("wav", "pcm_s16le", loudness=lambda _: 0)))
    assert base64.b64decode(found.waveform or "") == bytes(64)


async def test_of_a_long_sound_parts_stand_for_the_whole(imaging: PictureProcesses) -> None:
    tone = sound("wav", "pcm_s16le", rate=1000, seconds=3600, loudness=lambda at: 0.8 if at > 1800 else 0.1)
    found = await imaging.examine_sound(content_of(tone))
    bins = base64.b64decode(found.waveform or "")
    assert found.duration_ms == 3_600_000
    assert max(bins[:31]) < 60 < 200 < min(bins[33:])


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
HOSTILE = {
    "nothing": b"",
    "a playlist": PLAYLIST,
    "a list of files": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "a beginning": video()[:40],
    "a box without an end": b"\xff\xff\xff\xffmoov" + bytes(500),
    "boxes in boxes": b"\0\0\0\x18ftypisom" + bytes(12) + (b"\0\0\xff\xffmoov" * 5000),
    "a matroska of zeros": b"\x1a\x45\xdf\xa3" + bytes(5000),
    "an ogg of ones": b"OggS" + b"\xff" * 5000,
    "a sound only": sound("mp4", "aac", seconds=0.2),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_file_that_is_no_video_is_refused(imaging: PictureProcesses, what: str) -> None:
    with pytest.raises(Malformed):
        await imaging.examine_video(content_of(HOSTILE[what]))


@pytest.mark.parametrize("what", [each for each in HOSTILE if each != "a sound only"])
async def test_a_file_that_is_no_sound_is_refused(imaging: PictureProcesses, what: str) -> None:
    with pytest.raises(Malformed):
        await imaging.examine_sound(content_of(HOSTILE[what]))


async def test_a_video_that_would_take_too_much_memory_or_has_too_many_pixels_is_refused(
    imaging: PictureProcesses,
) -> None:
    small = PictureProcesses(max_pixels=5_000_000, memory_bytes=64 << 20)
    large = video(size=(2560, 1920), frames=1)
    with pytest.raises(Malformed, match="memory"):
        await small.examine_video(content_of(large))
    with pytest.raises(Malformed, match="pixels"):
        await PictureProcesses(max_pixels=1_000_000).examine_video(content_of(large))
    assert (await imaging.examine_video(content_of(large))).poster is not None


async def test_a_video_that_names_a_small_size_and_has_a_large_one_is_refused() -> None:
    """The header of the container is only a claim."""
    data = bytearray(video(size=(2560, 1920), frames=1))
    entry = data.index(b"avc1", data.index(b"stsd"))
    data[entry + 28 : entry + 32] = (16).to_bytes(2) * 2
    small = PictureProcesses(max_pixels=1_000_000)
    with pytest.raises(Malformed):
        await small.examine_video(content_of(bytes(data)))


async def test_a_sound_that_takes_too_long_is_given_up() -> None:
    tone = sound("wav", "pcm_s16le", rate=1000, seconds=3600, loudness=lambda _: 0.5)
    quick = PictureProcesses(max_pixels=5_000_000, cpu_s=1)
    data = tone[:44] + tone[44:] * 40
    with pytest.raises(Malformed):
        await quick.examine_sound(content_of(data))
