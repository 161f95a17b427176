"""Videos and sounds for tests, made by the library that reads them."""

import math
from array import array
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO, RawIOBase
from typing import Any

import av
from av.audio.resampler import AudioResampler
from PIL import Image, ImageDraw
from typing_extensions import override

UPRIGHT, CLOCKWISE = (1, 0, 0, 1), (0, 1, -1, 0)  # a, b, c and d of the matrix by which players turn a track


class _Stream(RawIOBase):
    """A file that cannot go back, such as what a browser records."""

    def __init__(self, out: BytesIO) -> None:
        self._out = out

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Any) -> int:
        return self._out.write(data)


def video(
    container: str = "mp4",
    codec: str = "libx264",
    *,
    size: tuple[int, int] = (320, 240),
    frames: int = 25,
    is_live: bool = False,
    **metadata: str,
) -> bytes:
    """Returns a video of `frames` / 25 seconds; its left half is red, its right half blue."""
    made = BytesIO()
    frame: Any = av.VideoFrame
    out = av.open(_Stream(made) if is_live else made, "w", format=container, options={"movflags": "use_metadata_tags"})
    out.metadata.update(metadata)
    stream: Any = out.add_stream(codec, rate=25)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    picture = Image.new("RGB", size, (255, 0, 0))
    ImageDraw.Draw(picture).rectangle((size[0] // 2, 0, *size), fill=(0, 0, 255))
    for _ in range(frames):
        out.mux(stream.encode(frame.from_image(picture)))
    out.mux(stream.encode(None))
    out.close()
    return made.getvalue()


def turned(mp4: bytes, turn: tuple[int, int, int, int]) -> bytes:
    """Returns a video whose only track is to be turned by players, as phones write it."""
    matrix = b"".join(
        value.to_bytes(4, "big", signed=True)
        for value in (turn[0] << 16, turn[1] << 16, 0, turn[2] << 16, turn[3] << 16, 0, 0, 0, 1 << 30)
    )
    start = mp4.index(b"tkhd") + 44
    return mp4[:start] + matrix + mp4[start + len(matrix) :]


def sound(
    container: str = "ogg",
    codec: str = "libopus",
    *,
    seconds: float = 2,
    rate: int = 48_000,
    loudness: Callable[[float], float] = lambda at: 0.8 if at > 1 else 0.1,
) -> bytes:
    """Returns a tone; `loudness` is from 0 to 1, by the time in seconds."""
    made = BytesIO()
    out = av.open(made, "w", format=container)
    stream: Any = out.add_stream(codec, rate=rate)
    stream.layout = "mono"
    resampler = AudioResampler(stream.format.name, "mono", rate)
    for start in range(0, int(seconds * rate), rate // 50):
        times = [at / rate for at in range(start, start + rate // 50)]
        tone = array("h", (int(32767 * loudness(at) * math.sin(2764.6 * at)) for at in times))
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(times))
        frame.planes[0].update(tone.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        for part in resampler.resample(frame):
            out.mux(stream.encode(part))
    out.mux(stream.encode(None))
    out.close()
    return made.getvalue()
