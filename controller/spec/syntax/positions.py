"""Where everything in a document stands, kept as one flat array of packed integers: a node's own place, then its content in order.

The data itself (dicts keep their order) says how to walk the array, so nothing is stored per path; looking one up walks the
document, which only problems and the few places that outlive loading need.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_COLUMN_BITS = 32


def pack(line: int, column: int) -> int:
    return line << _COLUMN_BITS | column


class Positions:
    """Places of one document; lines and columns counted from 1."""

    def __init__(self, data: Any, packed: array[int], first_line: int = 0) -> None:
        self._data = data
        self._packed = packed
        self._first_line = first_line

    def value(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column of the value at ``path``, or of the deepest part of it that exists."""
        return self._unpack(self._find(path)[1])

    def key(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column of the key that leads to ``path``; of the value where no key does."""
        return self._unpack(self._find(path)[0])

    def _unpack(self, index: int) -> tuple[int, int]:
        packed = self._packed[index]
        return self._first_line + (packed >> _COLUMN_BITS) + 1, (packed & (1 << _COLUMN_BITS) - 1) + 1

    def _find(self, path: Sequence[str | int]) -> tuple[int, int]:
        node, key, value = self._data, 0, 0
        for part in path:
            index = value + 1
            if isinstance(node, dict) and part in node:
                for name, child in node.items():
                    if name == part:
                        key, value, node = index, index + 1, child
                        break
                    index += 1 + _size(child)
            elif isinstance(node, list) and isinstance(part, int) and 0 <= part < len(node):
                key = value = index + sum(_size(child) for child in node[:part])
                node = node[part]
            else:
                break
        return key, value


def _size(node: Any) -> int:
    if isinstance(node, dict):
        return 1 + len(node) + sum(map(_size, node.values()))
    return 1 + sum(map(_size, node)) if isinstance(node, list) else 1
