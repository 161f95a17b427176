"""Whatever somebody sends as a picture costs little: time, memory, and nobody else's turn; and it is handed no secret."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from models.documents.photo import Picture
from models.errors import DomainError, Malformed, RateLimited
from server.media import imaging as pictures
from server.media.imaging import PictureProcesses
from tests.support.hostile_pictures import many_frames, many_scans, many_tags, packed_profile, wide_webp
from tests.support.pictures import content_of, encoded, halves, plain

QUICK_CPU_S = 3.0  # of a processor, all of what a hostile picture may take here; today's slow ones take 10 to 30


@pytest.fixture
def imaging(tmp_path: Path) -> Iterator[PictureProcesses]:
    yield PictureProcesses(max_pixels=50_000_000, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


async def shrink(imaging: PictureProcesses, data: bytes) -> Picture:
    return await imaging.make_photo(content_of(data), below_bytes=1 << 24)


def children_cpu_s() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


async def cost_s(imaging: PictureProcesses, data: bytes) -> float:
    """Seconds of a processor that a picture took, whether or not it was refused."""
    before = children_cpu_s()
    with suppress(DomainError):
        await shrink(imaging, data)
    return children_cpu_s() - before


async def test_a_picture_that_is_to_be_decoded_a_thousand_times_is_refused_at_once(imaging: PictureProcesses) -> None:
    assert await cost_s(imaging, many_scans(1000)) < QUICK_CPU_S
    with pytest.raises(Malformed, match="too many scans"):
        await shrink(imaging, many_scans(100, side=100))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe1\x00\x02" * 1_300_000,
        b"GIF89a" + bytes(7) + b"\x21\xfe\x01x\x00" * 1_000_000,
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 400_000,
    ],
    ids=["JPEG", "GIF", "PNG"],
)
async def test_an_image_of_a_million_parts_is_given_up_at_once(imaging: PictureProcesses, data: bytes) -> None:
    before = children_cpu_s()
    with pytest.raises(Malformed):
        await imaging.clean_image(content_of(data))
    assert children_cpu_s() - before < 1


async def test_a_progressive_picture_of_usual_scans_is_read(imaging: PictureProcesses) -> None:
    assert (await shrink(imaging, encoded(halves(), "JPEG", progressive=True))).full
    assert (await shrink(imaging, many_scans(30, side=200))).full


async def test_a_few_bytes_that_take_more_memory_than_is_set_are_refused(imaging: PictureProcesses) -> None:
    data = wide_webp(7070)
    assert len(data) < 4000
    with pytest.raises(Malformed, match="memory"):
        await shrink(imaging, data)
    assert (await shrink(imaging, wide_webp(1000))).full


async def test_what_pictures_take_at_once_stays_within_what_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these takes about 40 MB by itself."""
    monkeypatch.setattr(pictures, "AT_ONCE", 4)
    together = PictureProcesses(max_pixels=50_000_000, memory_bytes=100 << 20, folder=tmp_path)
    held: list[int] = []
    let_work = PictureProcesses._let_work

    async def noted(self: PictureProcesses, process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
        made = await let_work(self, process)
        held.append(self._memory.total - self._memory._free)
        return made

    monkeypatch.setattr(PictureProcesses, "_let_work", noted)
    made = await asyncio.gather(*(shrink(together, wide_webp(900 + n)) for n in range(6)))
    assert all(each.full for each in made)
    assert max(held) <= 100 << 20


@pytest.mark.parametrize(
    "data",
    [many_tags(4000, 4_000_000), packed_profile(50_000_000), many_frames(400)],
    ids=["TIFF tags", "packed profile", "frames"],
)
async def test_other_files_that_unpack_to_much_are_cheap(imaging: PictureProcesses, data: bytes) -> None:
    assert await cost_s(imaging, data) < QUICK_CPU_S


async def test_a_picture_gets_no_more_of_a_processor_than_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    worker = tmp_path_factory.mktemp("worker") / "spins.py"
    source = pictures.WORKER.read_text().replace("opened = Opened(", "[None for _ in iter(int, 1)]; opened = Opened(")
    worker.write_text(source)
    monkeypatch.setattr(pictures, "WORKER", worker)
    one_second = PictureProcesses(max_pixels=1000, cpu_s=1, folder=tmp_path)
    before = children_cpu_s()
    with pytest.raises(Malformed, match="too long"):
        await shrink(one_second, plain(size=(10, 10)))
    assert children_cpu_s() - before < 3


async def test_the_process_of_a_picture_is_handed_no_secret(
    imaging: PictureProcesses, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("worker")
    worker = folder / "tells.py"
    worker.write_text(f"import os; open({str(folder / 'told')!r}, 'w').write(repr(dict(os.environ))); os._exit(1)")
    monkeypatch.setattr(pictures, "WORKER", worker)
    monkeypatch.setenv("PARLEY_AUTH__SECRET", "not-for-decoders")
    with pytest.raises(Malformed):
        await shrink(imaging, plain())
    assert "not-for-decoders" not in (folder / "told").read_text()


@pytest.mark.parametrize("kind", ["PCX", "TGA", "SGI", "DDS", "MSP", "XBM"])
async def test_formats_that_hardly_anybody_has_are_not_opened(imaging: PictureProcesses, kind: str) -> None:
    mode = "1" if kind in ("MSP", "XBM") else "RGB"
    with pytest.raises(Malformed, match="no picture"):
        await shrink(imaging, encoded(Image.new(mode, (20, 20)), kind))


KINDS = ["AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L"])
async def test_formats_that_people_have_are_read_within_what_is_set(
    imaging: PictureProcesses, kind: str, mode: str
) -> None:
    """Twelve megapixels, as a telephone makes them; icons and what is not packed have fewer."""
    side = {"ICO": 256, "AVIF": 1500, "BMP": 2000, "PPM": 2000, "TIFF": 2000}.get(kind, 3400)
    picture = Image.new(mode, (side, side))
    try:
        data = encoded(picture, kind)
    except (OSError, KeyError) as error:
        pytest.skip(f"not written here: {error}")
    assert (await shrink(imaging, data)).full


async def test_somebody_with_many_pictures_does_not_make_others_wait(
    imaging: PictureProcesses, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each of the many sleeps for a second; in one line the last would be made after twelve."""
    worker = tmp_path_factory.mktemp("worker") / "dawdles.py"
    source = pictures.WORKER.read_text()
    worker.write_text(source.replace("    limit(cpu_s)\n", "    __import__('time').sleep(1)\n    limit(cpu_s)\n"))
    monkeypatch.setattr(pictures, "WORKER", worker)
    many = [asyncio.create_task(imaging.make_thumbnail(content_of(plain()), by=("account", 1))) for _ in range(12)]
    await asyncio.wait(many, timeout=0.5)
    began = time.monotonic()
    await imaging.make_thumbnail(content_of(plain()), by=("account", 2))
    waited = time.monotonic() - began
    left = sum(not each.done() for each in many)
    for each in many:
        each.cancel()
    await asyncio.gather(*many, return_exceptions=True)
    assert left >= 7, f"most of the many are still in line, and the other waited {waited:.1f} s"


async def test_one_account_has_only_so_many_in_line(imaging: PictureProcesses) -> None:
    sent = [asyncio.create_task(imaging.make_thumbnail(content_of(plain()), by="ann")) for _ in range(40)]
    other = asyncio.create_task(imaging.make_thumbnail(content_of(plain()), by="tom"))
    answers = await asyncio.gather(*sent, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, RateLimited)]
    assert len(refused) >= 20
    assert all(refusal.retry_after_ms for refusal in refused)
    assert await other
