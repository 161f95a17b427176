"""Reads videos and sounds in the picture process: their length, a picture of a video, how loud a sound is.

FFmpeg could read hundreds of formats. It is told which one a file has, and decodes a few: playlists and the like, which name
other files and addresses, are never looked into, and a decoder that hardly anybody needs is none that somebody may break.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from math import isqrt
from operator import mul
from typing import Any, BinaryIO

import av
from av.audio.resampler import AudioResampler
from PIL import Image, ImageStat

from models.documents.media import DURATION_MAX_MS
from models.documents.media import WAVEFORM_BINS as BINS

_RATE = 8000  # samples a second that are looked at; how loud a sound is needs no more
_DECODED_MAX_S = 600  # of a sound; of a longer one each bin's first part stands for it
_KEY_FRAMES_MAX = 4  # looked at for a poster: many videos begin black
_PACKETS_MAX = 2000  # among which these are looked for
_PLAIN = 8.0  # standard deviation of brightness below which a picture shows nothing
_FRAMES_IN_MEMORY, _BYTES_PER_PIXEL = 4, 3
_LOUDEST = 255
# The containers of models/documents/media_formats.py, by the first bytes.
_CONTAINERS: Sequence[tuple[re.Pattern[bytes], str]] = [
    (re.compile(start, re.DOTALL), name)
    for start, name in (
        (rb"....(?:ftyp|moov|mdat|wide|free|skip|pnot)", "mov"),
        (rb"\x1a\x45\xdf\xa3", "matroska"),
        (rb"RIFF....AVI ", "avi"),
        (rb"RIFF....WAVE", "wav"),
        (rb"FORM....AIF[FC]", "aiff"),
        (rb"caff", "caf"),
        (rb"OggS", "ogg"),
        (rb"#!AMR", "amr"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "aac"),
        (rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]", "mp3"),
    )
]
_VIDEO_DECODERS = [
    "h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "libdav1d", "mpeg4", "h263", "mjpeg", "msmpeg4", "msmpeg4v2",
]  # fmt: skip
_SOUND_DECODERS = [
    "aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "flac", "alac", "amrnb", "amrwb", "libopencore_amrnb",
    "libopencore_amrwb", "wmav1", "wmav2", "pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be",
    "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw",
    "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms",
]  # fmt: skip
_OPTIONS: Mapping[str, str] = {
    "codec_whitelist": ",".join([*_VIDEO_DECODERS, *_SOUND_DECODERS]),
    "protocol_whitelist": "",
    "threads": "1",
}
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


class Unreadable(Exception):
    """Says that nothing can be told of a file."""


class Video:
    """A video of which the beginning has been read."""

    def __init__(self, source: BinaryIO, max_pixels: int, poster_px: int) -> None:
        """`poster_px` is the longer side of the picture. Raises Unreadable, and whatever FFmpeg raises."""
        self._container = _open(source)
        self._stream = next(
            (each for each in self._container.streams.video if each.codec_context.name in _VIDEO_DECODERS), None
        )
        if self._stream is None:
            raise Unreadable("the file has no video that can be read")
        context = self._stream.codec_context
        self._pixels = context.width * context.height
        if not 0 < self._pixels <= max_pixels:
            raise Unreadable(f"the video has {self._pixels} pixels")
        self._poster_px = poster_px
        self.needed_bytes = self._pixels * _BYTES_PER_PIXEL * _FRAMES_IN_MEMORY

    def read(self) -> tuple[Image.Image, tuple[int, int], int | None]:
        """Returns a picture of the video, upright, its whole size in pixels, and its length in ms, None if nobody can tell."""
        stream = self._stream
        assert stream is not None
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = "NONKEY"
        length = None if self._container.duration is None else self._container.duration / av.time_base
        shown: tuple[Image.Image, tuple[int, int]] | None = None
        looked_at, span = 0, _Span()
        for number, packet in enumerate(self._container.demux(stream)):
            span.add(packet)
            if looked_at < _KEY_FRAMES_MAX and number < _PACKETS_MAX:
                for frame in _decoded(packet):
                    looked_at += 1
                    candidate = self._picture(frame)
                    if ImageStat.Stat(candidate[0].convert("L")).stddev[0] >= _PLAIN:
                        shown, looked_at = candidate, _KEY_FRAMES_MAX
                    shown = shown or candidate
            elif length is not None:
                break
        if shown is None:
            raise Unreadable("the video has no picture that can be read")
        return *shown, _milliseconds(span.length if length is None else length)

    def _picture(self, frame: Any) -> tuple[Image.Image, tuple[int, int]]:
        if frame.width * frame.height > self._pixels:
            raise Unreadable("the video grows")
        width, height = frame.width, frame.height
        aspect = self._stream.sample_aspect_ratio if self._stream is not None else None
        if aspect is not None and Fraction(1, 10) < aspect < 10:
            width = max(1, round(width * aspect))
        scale = min(1.0, self._poster_px / max(width, height))
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = frame.to_image(width=small[0], height=small[1])
        turn = round(frame.rotation / 90) * 90 % 360
        if turn in _TURNS:
            picture = picture.transpose(_TURNS[turn])
        return picture, (height, width) if turn in (90, 270) else (width, height)


class Sound:
    """A sound file, whole or the track of a video."""

    needed_bytes = 0  # besides what every file takes

    def __init__(self, source: BinaryIO) -> None:
        """Raises Unreadable, and whatever FFmpeg raises."""
        self._source = source
        container, stream = self._opened()
        span = _Span()
        for packet in container.demux(stream):
            span.add(packet)
        container.close()
        self._start, self._length = span.start, span.length
        if self._length is None or not _milliseconds(self._length):
            raise Unreadable("the sound has no length")

    def _opened(self) -> tuple[Any, Any]:
        container = _open(self._source)
        stream = next((each for each in container.streams.audio if each.codec_context.name in _SOUND_DECODERS), None)
        if stream is None:
            raise Unreadable("the file has no sound that can be read")
        return container, stream

    def read(self) -> tuple[int, bytes]:
        """Returns the length in ms, and how loud each of BINS equal parts is, as bytes; the loudest of them is 255."""
        length = self._length or 0.0
        loudness = _Loudness(length)
        every_s = min(_DECODED_MAX_S / BINS, length) if length > _DECODED_MAX_S else length
        container, stream = self._opened()
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        resampler = AudioResampler("s16", "mono", _RATE)
        skipped = False
        for packet in container.demux(stream):
            at = 0.0 if packet.pts is None else float(packet.pts * packet.time_base) - self._start
            if at % (length / BINS) > every_s:
                skipped = True
                continue
            if skipped:
                skipped = False
                loudness.move_to(at)
            for frame in _decoded(packet):
                for small in resampler.resample(frame):
                    loudness.add(bytes(small.planes[0])[: 2 * small.samples])
        container.close()
        return _milliseconds(length) or 0, loudness.bins


class _Span:
    """From when to when the packets of a stream last, in seconds."""

    def __init__(self) -> None:
        self.start = 0.0
        self._end: float | None = None

    def add(self, packet: Any) -> None:
        if packet.pts is None or packet.time_base is None:
            return
        at = float(packet.pts * packet.time_base)
        end = at + float((packet.duration or 0) * packet.time_base)
        if self._end is None:
            self.start, self._end = at, end
        self.start, self._end = min(self.start, at), max(self._end, end)

    @property
    def length(self) -> float | None:
        return None if self._end is None else self._end - self.start


class _Loudness:
    """Adds up the energy of the samples in each bin."""

    def __init__(self, length_s: float) -> None:
        self._per_bin = max(1.0, length_s * _RATE / BINS)
        self._energy = [0] * BINS
        self._samples = [0] * BINS
        self._position = 0

    def move_to(self, at_s: float) -> None:
        self._position = max(self._position, int(at_s * _RATE))

    def add(self, data: bytes) -> None:
        samples = memoryview(data).cast("h")
        taken = 0
        while taken < len(samples):
            bin_ = int(self._position / self._per_bin)
            if bin_ >= BINS:
                return
            count = max(1, min(len(samples) - taken, int((bin_ + 1) * self._per_bin) - self._position))
            part = samples[taken : taken + count]
            self._energy[bin_] += sum(map(mul, part, part))
            self._samples[bin_] += count
            self._position += count
            taken += count

    @property
    def bins(self) -> bytes:
        if not any(self._samples):
            raise Unreadable("the sound cannot be decoded")
        means = [isqrt(energy // max(1, count)) for energy, count in zip(self._energy, self._samples, strict=True)]
        loudest = max(means)
        return bytes(_LOUDEST * mean // loudest if loudest else 0 for mean in means)


def _open(source: BinaryIO) -> Any:
    source.seek(0)
    start = source.read(16)
    source.seek(0)
    name = next((name for pattern, name in _CONTAINERS if pattern.match(start)), None)
    if name is None:
        raise Unreadable("the file is of no known format")
    return av.open(source, format=name, container_options=dict(_OPTIONS), metadata_errors="replace")


def _decoded(packet: Any) -> Iterator[Any]:
    """Yields what a packet holds; a damaged one holds nothing."""
    with suppress(av.error.InvalidDataError, EOFError):
        yield from packet.decode()


def _milliseconds(seconds: float | None) -> int | None:
    length = 0 if seconds is None else round(seconds * 1000)
    return length if 0 < length <= DURATION_MAX_MS else None
