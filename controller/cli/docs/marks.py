"""The marked parts of a page: what stands between two marks is written by a machine, everything else by people.

<!-- generated: fields Device.hikvision spec.config -->
...
<!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_PART = re.compile(r"^<!-- generated: (?P<name>[^\n]*?) -->\n(?P<body>.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
_OPENING = "<!-- generated:"


class BrokenMarks(Exception):
    """A part is opened and not closed, or the other way round."""


def filled(text: str, make: Callable[[str], str]) -> str:
    """The page with each part made anew by ``make(name)``. Raises BrokenMarks."""
    if text.count(_OPENING) != len(_PART.findall(text)) or text.count("<!-- end -->") != text.count(_OPENING):
        raise BrokenMarks("each `<!-- generated: NAME -->` needs one `<!-- end -->` after it, both on lines of their own")
    return _PART.sub(lambda found: f"<!-- generated: {found['name']} -->\n{make(found['name']).strip()}\n<!-- end -->", text)


def parts(text: str) -> Iterator[str]:
    """The names of the parts of a page."""
    return (found["name"] for found in _PART.finditer(text))
