"""Any picture to a small, plain JPEG that a terminal takes: upright, without metadata, baseline, 4:2:0, under a byte limit.

What arrives comes from anywhere: nothing is decoded before its size is known, and only formats that are named here are. What a
terminal takes stands in facts/hikvision.md 2.6. Raises NoPortrait, whose message is for people.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from PIL import Image

VERSION = 1
"""Part of every picture's revision: a recipe that makes other bytes gets another number, and all pictures are sent anew."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
_QUALITIES = (92, 88, 84, 78, 72, 64, 56, 48, 40)
_WIDEST = 2.5  # sides: a longer strip is no portrait, and is cut at its ends


class NoPortrait(ValueError):
    """This picture cannot be used; ``code`` is kebab-case and stable, the message says why in words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Recipe:
    """What the target takes. Sides in pixels, ``most_bytes`` of the finished file."""

    longest: int = 800
    shortest: int = 80
    most_bytes: int = 195_000


class Portrait(msgspec.Struct, frozen=True):
    """A finished picture: a baseline JPEG. ``sha256`` of its bytes is kept as evidence of what was sent."""

    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def __repr__(self) -> str:
        return f"Portrait({self.width}x{self.height}, {len(self.content)} bytes)"


def portrait(body: bytes, recipe: Recipe = Recipe()) -> Portrait:
    """Make a picture fit. Takes 5-40 ms of one core; call it off the event loop."""
    if not body:
        raise NoPortrait("picture-empty", "the picture is empty")
    if len(body) > MOST_BYTES:
        raise NoPortrait("picture-too-large", f"the picture has {len(body) / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} are read")
    from PIL import Image, ImageOps, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(body), formats=FORMATS) as picture:
                _must_be_bearable(picture.size, recipe)
                picture.draft("RGB", (recipe.longest * 2, recipe.longest * 2))
                upright = ImageOps.exif_transpose(_on_white(picture))
        except NoPortrait:
            raise
        except UnidentifiedImageError:
            raise NoPortrait("not-a-picture", f"this is no picture that can be read ({', '.join(FORMATS)})") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise NoPortrait("picture-too-many-pixels", "the picture has more pixels than can be read safely") from None
        except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as broken:
            raise NoPortrait("picture-broken", f"the picture is damaged or cut short ({type(broken).__name__})") from None
    return _encoded(_sized(upright, recipe), recipe)


def _must_be_bearable(size: tuple[int, int], recipe: Recipe) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise NoPortrait("picture-too-many-pixels", f"the picture has {width} x {height} pixels, more than can be read safely")
    if min(size) < recipe.shortest:
        raise NoPortrait(
            "picture-too-small", f"the picture has {width} x {height} pixels; a face needs at least {recipe.shortest} a side"
        )


def _on_white(picture: Image.Image) -> Image.Image:
    """In RGB, what shines through on white, with the note which side is up still on it."""
    from PIL import Image

    if picture.mode in ("RGB", "L", "CMYK"):
        return picture if picture.mode == "RGB" else _with_note(picture.convert("RGB"), picture)
    layered = picture.convert("RGBA")
    flat = Image.new("RGB", layered.size, "white")
    flat.paste(layered, mask=layered.getchannel("A"))
    return _with_note(flat, picture)


def _with_note(made: Image.Image, of: Image.Image) -> Image.Image:
    made.info["exif"] = of.getexif().tobytes()
    return made


def _sized(picture: Image.Image, recipe: Recipe) -> Image.Image:
    """Cut to a bearable shape around the middle, then not larger than the recipe says."""
    from PIL import Image

    width, height = picture.size
    longest = round(min(width, height) * _WIDEST)
    if max(width, height) > longest:
        across, down = min(width, longest), min(height, longest)
        left, top = (width - across) // 2, (height - down) // 2
        picture = picture.crop((left, top, left + across, top + down))
    picture.thumbnail((recipe.longest, recipe.longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return picture


def _encoded(picture: Image.Image, recipe: Recipe) -> Portrait:
    """At the best quality that stays under the limit; smaller, if none does."""
    from PIL import Image

    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(
                out, "JPEG", quality=quality, subsampling="4:2:0", progressive=False, optimize=True, exif=b"", icc_profile=None
            )
            if out.tell() <= recipe.most_bytes:
                return Portrait(out.getvalue(), *picture.size)
        width, height = (side * 3 // 4 for side in picture.size)
        if min(width, height) < recipe.shortest:
            raise NoPortrait("picture-too-large", f"the picture cannot be made as small as {recipe.most_bytes} bytes")
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
