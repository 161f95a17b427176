"""Brings the pixels of any picture into opaque sRGB: palettes, 16 bits, transparent colours and colour profiles."""

from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageChops, ImageCms

WHITE = (255, 255, 255)  # what shines through where a picture is transparent


def is_indirect(picture: Image.Image) -> bool:
    """Returns whether its pixel values are no colours that can be interpolated."""
    return picture.mode in ("1", "P", "PA") or picture.mode.startswith("I") or "transparency" in picture.info


def direct(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits of grey
        return _grey_16(picture)
    if picture.mode == "PA" or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _grey_16(picture: Image.Image) -> Image.Image:
    key = picture.info.get("transparency")
    wide = picture.convert("I")
    grey = wide.point([value >> 8 for value in range(1 << 16)], "L")
    if isinstance(key, int):
        grey.putalpha(wide.point([0 if value == key else 255 for value in range(1 << 16)], "L"))
    return grey


def keyed_16(picture: Image.Image, data: bytes) -> Image.Image:
    """Make the transparent colour of a 16-bit picture transparent by decoding the lower bits, too.

    Pillow keeps the upper 8 bits of pixels, but all bits of that colour.
    """
    key = picture.info["transparency"]
    low = Image.open(BytesIO(data), formats=["PNG"])
    low.tile = [tile._replace(args="RGB;16L") for tile in low.tile]
    differs = Image.new("L", picture.size)
    for half, shift in ((picture, 8), (low, 0)):
        for band, value in zip(half.split(), key, strict=True):
            wanted = value >> shift & 0xFF
            differs = ImageChops.lighter(differs, band.point([255 * (each != wanted) for each in range(256)]))
    picture.putalpha(differs)
    return picture


def srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Returns the picture in sRGB. A broken profile, or one for another colour model, is ignored."""
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "L", "LA"):
        return picture
    alpha = picture.getchannel("A") if picture.mode.endswith("A") else None
    with suppress(Exception):  # whatever a profile says, the picture is there
        converted = ImageCms.profileToProfile(
            picture.convert(picture.mode.removesuffix("A")),
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
        if converted is None:
            return picture
        if alpha is not None:
            converted.putalpha(alpha)
        return converted
    return picture


def opaque(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "RGBa", "La"):
        picture = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, WHITE)
        ground.paste(picture, mask=picture.getchannel("A"))
        return ground
    return picture.convert("RGB")
