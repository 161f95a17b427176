"""Previews of pictures are ThumbHashes as their author publishes them: the server's hashes, and what the page draws of any."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from server.media.thumbhash import encode_thumbhash
from tests.static.npm import install_packages

PAGE = Path(__file__).parents[2] / "static" / "js" / "thumbhash.js"
SIZES = [(32, 32), (32, 20), (9, 32), (32, 1), (1, 32), (1, 1)]
COMPARE = """
const [published, page, pictures] = process.argv.slice(1);
const { rgbaToThumbHash, thumbHashToRGBA } = await import(published);
const { pixelsOf } = await import(page);
const opaque = ({ width, height, rgb }) => Uint8Array.from({ length: width * height * 4 }, (_, at) => (at % 4 < 3 ? rgb[(at >> 2) * 3 + (at % 4)] : 255));
const clear = ({ width, height }) => Uint8Array.from({ length: width * height * 4 }, (_, at) => (at * 7) % 256);
const differenceOf = (hash) => {
    const [one, other] = [thumbHashToRGBA(hash), pixelsOf(hash)];
    if (one.w !== other.width || one.h !== other.height) return "another size";
    return Math.max(...one.rgba.map((value, at) => (at % 4 < 3 ? Math.abs(value - other.rgba[at]) : 0)));
};
console.log(JSON.stringify(JSON.parse(pictures).map((picture) => {
    const hash = rgbaToThumbHash(picture.width, picture.height, opaque(picture));
    const further = rgbaToThumbHash(picture.width, picture.height, clear(picture));
    return { hash: [...hash], drawn: [differenceOf(hash), differenceOf(further)] };
})));
"""


def colourful(size: tuple[int, int]) -> Image.Image:
    across = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)
    shades = (Image.linear_gradient("L"), Image.radial_gradient("L"), across)
    return Image.merge("RGB", [shade.resize(size) for shade in shades])


@pytest.fixture(scope="module")
async def published() -> list[dict[str, list[int]]]:
    """For a picture of each size, its hash by the published code, and how far the page's drawing is from that code's."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is needed to run the client's modules")
    library = await install_packages() / "thumbhash" / "thumbhash.js"
    pictures = [
        {"width": width, "height": height, "rgb": list(colourful((width, height)).tobytes())} for width, height in SIZES
    ]
    process = await asyncio.create_subprocess_exec(
        node, "--input-type=module", "--eval", COMPARE, str(library), str(PAGE), json.dumps(pictures),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    compared: list[dict[str, list[int]]] = json.loads(output)
    return compared


@pytest.mark.parametrize("size", SIZES)
def test_the_server_makes_the_published_hash(published: list[dict[str, list[int]]], size: tuple[int, int]) -> None:
    made = encode_thumbhash(*size, colourful(size).tobytes())
    assert list(made) == published[SIZES.index(size)]["hash"]


@pytest.mark.parametrize("size", SIZES)
def test_the_page_draws_a_hash_as_the_published_code_does(
    published: list[dict[str, list[int]]], size: tuple[int, int]
) -> None:
    assert max(published[SIZES.index(size)]["drawn"]) <= 1  # a value between two bytes is rounded the other way
