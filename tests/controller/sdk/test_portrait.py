"""Pictures from anywhere become small plain JPEGs, or say in words why not."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from controller.sdk.pictures.portrait import MOST_BYTES, NoPortrait, Portrait, Recipe, portrait


def made(size: tuple[int, int] = (640, 480), mode: str = "RGB", form: str = "JPEG", **words: Any) -> bytes:
    """A picture with something in it: left half red, right half blue, where colours can be told."""
    picture = Image.new(mode, size)
    if mode in ("RGB", "RGBA"):
        picture.paste((255, 0, 0) if mode == "RGB" else (255, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
        picture.paste((0, 0, 255) if mode == "RGB" else (0, 0, 255, 255), (size[0] // 2, 0, *size))
    out = io.BytesIO()
    picture.save(out, form, **words)
    return out.getvalue()


def noise(size: tuple[int, int]) -> bytes:
    chance = random.Random(1)
    out = io.BytesIO()
    Image.frombytes("RGB", size, chance.randbytes(size[0] * size[1] * 3)).save(out, "PNG")
    return out.getvalue()


def opened(found: Portrait) -> Image.Image:
    picture = Image.open(io.BytesIO(found.content))
    picture.load()
    return picture


def is_plain(found: Portrait, most: int = 195_000) -> bool:
    """Baseline, 4:2:0, nothing before and after it, no metadata."""
    content = found.content
    assert content[:2] == b"\xff\xd8" and content[-2:] == b"\xff\xd9" and len(content) <= most
    start = content.index(b"\xff\xc0")  # SOF0: baseline
    assert b"\xff\xc2" not in content and b"Exif" not in content
    assert content[start + 11] == 0x22  # the first component is sampled twice as often both ways: 4:2:0
    return opened(found).format == "JPEG"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP"])
def test_every_format_becomes_a_plain_jpeg(form: str) -> None:
    found = portrait(made(form=form))
    assert is_plain(found) and (found.width, found.height) == (640, 480)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "RGBA", "I;16"])
def test_every_way_of_colour_is_read(mode: str) -> None:
    assert is_plain(portrait(made(mode=mode, form="JPEG" if mode == "CMYK" else "PNG")))


def test_a_progressive_picture_becomes_a_baseline_one() -> None:
    assert is_plain(portrait(made(progressive=True, subsampling="4:4:4")))


def test_what_shines_through_becomes_white() -> None:
    left = opened(portrait(made(mode="RGBA", form="PNG"))).getpixel((5, 5))
    assert isinstance(left, tuple) and min(left) > 240


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_that_lies_on_its_side_is_put_upright(mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    found = portrait(made(mode=mode, exif=exif))
    assert (found.width, found.height) == (480, 640) and is_plain(found)
    if mode == "RGB":
        top = opened(found).getpixel((240, 10))
        assert isinstance(top, tuple) and top[0] > 200  # what was left is up


def test_a_large_picture_is_made_smaller_and_a_small_one_is_not_made_larger() -> None:
    assert (portrait(made((4000, 3000))).width, portrait(made((200, 300))).width) == (800, 200)


def test_a_long_strip_is_cut_around_its_middle() -> None:
    found = portrait(made((3000, 300)))
    assert found.width / found.height <= 2.51


def test_what_does_not_become_small_by_quality_alone_becomes_smaller() -> None:
    found = portrait(noise((800, 800)), Recipe(most_bytes=20_000))
    assert is_plain(found, 20_000) and found.width < 800


def test_what_can_never_be_small_enough_is_refused() -> None:
    with pytest.raises(NoPortrait, match="cannot be made as small") as refused:
        portrait(noise((100, 100)), Recipe(most_bytes=200))
    assert refused.value.code == "picture-too-large"


def bomb() -> bytes:
    """A PNG of a few bytes that claims 60,000 x 60,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "picture-empty"),
        (b"<html>not found</html>", "not-a-picture"),
        (b"GIF89a" + b"\0" * 50, "not-a-picture"),
        (b"%PDF-1.7", "not-a-picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not-a-picture"),
        (made()[:2000], "picture-broken"),
        (made(form="PNG")[:-200], "picture-broken"),
        (made((60, 400)), "picture-too-small"),
        (bomb(), "picture-too-many-pixels"),
        (b"\xff\xd8\xff" + b"\0" * 100, "not-a-picture"),
        (b"x" * (MOST_BYTES + 1), "picture-too-large"),
    ],
    ids=["empty", "html", "gif", "pdf", "eps", "cut jpeg", "cut png", "small", "bomb", "garbage", "huge"],
)
def test_what_is_no_usable_picture_is_refused_in_words(body: bytes, code: str) -> None:
    with pytest.raises(NoPortrait) as refused:
        portrait(body)
    assert refused.value.code == code and len(str(refused.value)) > 15


def test_more_pixels_than_are_safe_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(NoPortrait, match="more than can be read safely"):
        portrait(made((9000, 6000), mode="1", form="PNG"))


@given(st.binary(max_size=400), st.integers(0, 300))
def test_damage_anywhere_is_refused_or_read_but_never_an_accident(junk: bytes, at: int) -> None:
    body = bytearray(made((120, 120)))
    body[at : at + len(junk)] = junk
    try:
        assert is_plain(portrait(bytes(body)))
    except NoPortrait as refused:
        assert refused.code


def test_the_same_picture_gives_the_same_bytes_and_their_hash() -> None:
    one, other = portrait(made()), portrait(made())
    assert one.content == other.content and one.sha256 == other.sha256 and len(one.sha256) == 64
    assert repr(one) == f"Portrait(640x480, {len(one.content)} bytes)"
