"""Videos for the tests, made where they are needed."""

import io
from fractions import Fraction

import av
from av.video.stream import VideoStream
from PIL import Image

FRAMES_PER_S = 5


def film(seconds: float, size: tuple[int, int] = (320, 180)) -> bytes:
    """Returns a WebM of one colour that grows brighter."""
    buffer = io.BytesIO()
    count = int(seconds * FRAMES_PER_S)
    with av.open(buffer, "w", format="webm") as out:
        stream = out.add_stream("libvpx", rate=FRAMES_PER_S, options={"deadline": "realtime", "cpu-used": "8"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, FRAMES_PER_S)
        for place in range(count):
            frame = av.VideoFrame.from_image(Image.new("RGB", size, (40 + 200 * place // count, 90, 120)))  # type: ignore[no-untyped-call]
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return buffer.getvalue()
