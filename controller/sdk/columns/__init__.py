"""From the rows of a file to records of a declared type: what every source made of columns shares.

words     the config: record, key, map; for files path or url
cells     one cell to one typed value
rows      one row to one record, or to a row that cannot be read; keys that two rows share
objects   objects of a JSON document to rows, dotted paths into nested ones
document  the bytes, from a file or a URL
source    the open source
"""

from controller.sdk.columns.document import NotReadable, fetch, has_html, short_name
from controller.sdk.columns.objects import ObjectReader
from controller.sdk.columns.rows import Cell, RowReader, hold_duplicates, missing_columns, row_notes
from controller.sdk.columns.source import file_source
from controller.sdk.columns.words import (
    Column,
    FileConfig,
    RowsConfig,
    check_file,
    check_rows,
    file_endpoint,
    file_fields,
    file_sensitive,
)

__all__ = [
    "Cell", "Column", "FileConfig", "NotReadable", "ObjectReader", "RowReader", "RowsConfig", "check_file", "check_rows",
    "fetch", "file_endpoint", "file_fields",
    "file_sensitive", "file_source", "has_html", "hold_duplicates", "missing_columns", "row_notes", "short_name",
]  # fmt: skip
