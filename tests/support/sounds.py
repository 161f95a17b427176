"""Sounds for the tests, made where they are needed."""

import io
import math
import struct
import wave

RATE_HZ = 8000


def tone(seconds: float, hertz: int = 440) -> bytes:
    """Returns a WAV file of a tone that swells and fades."""
    count = int(seconds * RATE_HZ)
    levels = (math.sin(math.pi * place / count) * 20000 for place in range(count))
    samples = (int(level * math.sin(2 * math.pi * hertz * place / RATE_HZ)) for place, level in enumerate(levels))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return buffer.getvalue()
