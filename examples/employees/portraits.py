"""Portraits of people who do not exist, drawn from their numbers: the same number gives the same picture on every machine."""

from __future__ import annotations

import io
import random
from typing import TypeAlias

from PIL import Image, ImageDraw

Colour: TypeAlias = tuple[int, int, int]

SIZE = (240, 320)
_SKINS: tuple[Colour, ...] = ((241, 205, 175), (224, 177, 140), (198, 142, 104), (150, 100, 70), (104, 66, 45))
_HAIRS: tuple[Colour, ...] = ((40, 30, 25), (92, 58, 34), (160, 110, 60), (205, 170, 110), (120, 120, 125))
_WALLS: tuple[Colour, ...] = ((214, 222, 228), (228, 222, 210), (205, 215, 200), (222, 212, 222))
_SHIRTS: tuple[Colour, ...] = ((60, 80, 120), (120, 60, 60), (70, 100, 80), (90, 90, 95), (200, 130, 40))


def portrait(number: int) -> bytes:
    """A head with shoulders as a JPEG of about 6 KB, upright."""
    luck = random.Random(number)
    picture = Image.new("RGB", SIZE, luck.choice(_WALLS))
    draw = ImageDraw.Draw(picture)
    skin, hair = luck.choice(_SKINS), luck.choice(_HAIRS)
    wide, tall = luck.randint(56, 70), luck.randint(78, 92)
    draw.rounded_rectangle((30, 258, 210, 360), 50, fill=luck.choice(_SHIRTS))
    draw.rectangle((100, 200, 140, 268), fill=skin)
    draw.ellipse((120 - wide - 8, 150 - tall - luck.randint(8, 24), 120 + wide + 8, 165), fill=hair)
    draw.ellipse((120 - wide, 150 - tall, 120 + wide, 150 + tall), fill=skin)
    _features(draw, luck, hair)
    return _jpeg(picture)


def _features(draw: ImageDraw.ImageDraw, luck: random.Random, hair: Colour) -> None:
    apart, level = luck.randint(22, 30), luck.randint(136, 148)
    for side in (-1, 1):
        eye = 120 + side * apart
        draw.ellipse((eye - 10, level - 6, eye + 10, level + 6), fill=(250, 250, 250))
        draw.ellipse((eye - 5, level - 5, eye + 5, level + 5), fill=luck.choice(_HAIRS))
        draw.line((eye - 13, level - 16, eye + 13, level - 16 - luck.randint(-3, 3)), fill=hair, width=4)
    draw.line((120, level + 8, 120 + luck.randint(-6, 6), level + 34), fill=(120, 80, 60), width=3)
    smile = luck.randint(14, 26)
    draw.arc((120 - smile, level + 36, 120 + smile, level + 62), 10, 170, fill=(150, 60, 60), width=4)


def empty_room() -> bytes:
    """A picture of nobody: the simulated terminals find no face in plain blue."""
    return _jpeg(Image.new("RGB", SIZE, (20, 40, 240)))


def large(number: int) -> bytes:
    """The same portrait as somebody's camera made it: a PNG of 1200 x 1600, which no terminal takes as it is."""
    with Image.open(io.BytesIO(portrait(number))) as small:
        out = io.BytesIO()
        small.resize((1200, 1600)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()
