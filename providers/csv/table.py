"""A CSV document to rows of records. Pure, and all or nothing: a document whose shape is in doubt yields no record at all.

What makes the shape doubtful: bytes of another encoding, a quote that is not closed (it would swallow the rows after it), a
last line that was cut, header names that stand twice. A row that is merely wrong in itself is Unreadable under its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from pydantic import Field

from controller.sdk import Incomplete, Record, Unreadable
from controller.sdk.columns import FileConfig, NotReadable, RowReader, hold_duplicates, missing_columns, short_name

_DELIMITERS = ",;\t|"
_BYTE_ENCODINGS = frozenset({"cp1250", "cp1252", "iso-8859-1", "iso-8859-2", "iso-8859-15"})


class _Reader(Protocol):
    """What ``csv.reader`` returns; the standard library does not name it before 3.13."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class CsvConfig(FileConfig):
    """Rows of a CSV file; the first line names the columns."""

    encoding: Literal["utf-8", "utf-8-sig", "utf-16", "cp1250", "cp1252", "iso-8859-1", "iso-8859-2", "iso-8859-15"] = Field(
        "utf-8",
        description="Encoding of the file. cp1252 is what Windows programs write in Western Europe, cp1250 in Central Europe.",
    )
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="What stands between columns; default: told from the first line (, ; tab |)."
    )
    quote: str = Field('"', min_length=1, max_length=1, description="What cells with delimiters or line ends are enclosed in.")
    skip_blank: bool = Field(True, description="Leave rows out in which every cell is empty.")


def read_csv(body: bytes, config: CsvConfig) -> list[Record | Unreadable]:
    """Every row in order, places as ``members.csv:17``. Raises NotReadable or Incomplete when the document is not whole."""
    name = short_name(config)
    text = decode(body, config.encoding, name)
    lines = io.StringIO(text, newline="")
    start, delimiter = _find_header(lines, config, name)
    reader = csv.reader(lines, delimiter=delimiter, quotechar=config.quote, skipinitialspace=True, strict=True)
    rows = _rows(reader, start, delimiter, name)
    _, header = next(rows)
    columns = _columns(header, config, name)
    found = list(_records(rows, columns, config, name))
    if found and isinstance(found[-1], Unreadable) and not text.endswith(("\n", "\r")):
        raise Incomplete(
            f"{name} ends in the middle of a line ({found[-1].place}: {found[-1].message})",
            hint="the end seems to be cut off; if the file is whole, end its last line with a line break",
        )
    return hold_duplicates(found)


def decode(body: bytes, encoding: str, name: str) -> str:
    """The text without a byte order mark; a wrong encoding is named with its line and byte."""
    try:
        text = body.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as problem:
        line = body.count(b"\n", 0, problem.start) + 1
        byte = body[problem.start : problem.start + 1].hex()
        message = f"{name}:{line}: byte 0x{byte} (position {problem.start}) is not {encoding}"
        raise NotReadable(
            message,
            hint="save it as UTF-8, or write encoding: cp1252 (what Excel on Windows saves) under config of this source",
            code="wrong-encoding",
        ) from None
    if "\0" in text:
        raise NotReadable(f"{name} is not text", hint="save it as CSV (UTF-8); a spreadsheet file cannot be read", code="not-text")
    if encoding in _BYTE_ENCODINGS and not body.isascii() and _is_utf8(body):
        raise NotReadable(
            f"{name} is UTF-8, not {encoding}",
            hint="write encoding: utf-8 under config of this source, or names would be garbled",
            code="wrong-encoding",
        )
    return text


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _find_header(lines: io.StringIO, config: CsvConfig, name: str) -> tuple[int, str]:
    """Moves to the header; gives how many lines stand before it, and the delimiter. ``sep=;`` is what Excel writes first."""
    before = 0
    while True:
        position = lines.tell()
        line = lines.readline()
        if not line:
            raise Incomplete(f"{name} holds no header line", hint="put the header line back; until then nobody is removed")
        if line[:4].casefold() == "sep=" and len(line.strip("\r\n")) == 5:
            return before + 1, config.delimiter or line[4]
        if line.strip():
            lines.seek(position)
            return before, config.delimiter or _detect(line, config.quote, name)
        before += 1


def _detect(header: str, quote: str, name: str) -> str:
    outside = "".join(header.split(quote)[::2])
    counts = sorted(((outside.count(mark), mark) for mark in _DELIMITERS), reverse=True)
    if counts[0][0] and counts[0][0] == counts[1][0]:
        raise NotReadable(
            f"{name}: it cannot be told what stands between the columns",
            hint='write what stands there under config of this source: delimiter: ";"',
        )
    return counts[0][1] if counts[0][0] else ","


def _rows(reader: _Reader, start: int, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which the row begins, cells)."""
    line, width = start + 1, 0
    try:
        for row in reader:
            end = start + reader.line_num
            if end > line and width and _swallowed(row, width, delimiter):
                raise _unclosed(name, line)
            width = width or len(row)
            yield line, row
            line = end + 1
    except csv.Error:
        raise _unclosed(name, line) from None


def _swallowed(row: list[str], width: int, delimiter: str) -> bool:
    """Whether a cell over several lines looks as if it held rows: an unclosed quote takes in all up to the next one."""
    inner = [line for cell in row for line in cell.splitlines()[1:]]
    return len(row) != width or (width > 2 and any(line.count(delimiter) >= width - 1 for line in inner))


def _unclosed(name: str, line: int) -> NotReadable:
    return NotReadable(
        f"{name}:{line}: a quote that opens in this row is not closed properly, so the rows after it cannot be told apart",
        hint="close the quote, or write it twice inside a quoted cell",
        code="unclosed-quote",
    )


def _columns(header: list[str], config: CsvConfig, name: str) -> list[str]:
    """The header's names, trimmed; columns without a name (a delimiter at the end of each line) are left out of account."""
    columns = [column.strip() for column in header]
    named = [column for column in columns if column]
    twice = sorted({column for column in named if named.count(column) > 1})
    if twice:
        raise NotReadable(
            f"{name}: the header names {', '.join(map(repr, twice))} twice",
            hint="rename one of them in the file: nobody can tell which is meant",
        )
    missing = missing_columns(config, named)
    if missing:
        raise NotReadable(
            f"{name}: {missing}",
            hint=f"its columns are {', '.join(named)}: name the right one under `map` in this source's config",
            code="column-missing",
        )
    return columns


def _records(
    rows: Iterator[tuple[int, list[str]]], columns: Sequence[str], config: CsvConfig, name: str
) -> Iterator[Record | Unreadable]:
    reader = RowReader(config, columns)
    indexes = [columns.index(cell.column) for cell in reader.cells]
    width, skip = len(columns), config.skip_blank
    for line, row in rows:
        if len(row) == width and any(row):
            yield reader.read([row[index] for index in indexes], f"{name}:{line}")
        elif any(cell.strip() for cell in row):
            message = f"the row has {len(row)} columns, the header has {width}"
            yield Unreadable(None, "column-count", message, f"{name}:{line}")
        elif not skip:
            yield Unreadable(None, "blank-row", "the row is blank", f"{name}:{line}")
