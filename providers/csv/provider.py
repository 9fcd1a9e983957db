"""Source: a CSV file or URL whose rows are persons, or a table to be joined."""

from __future__ import annotations

from controller.sdk import SourceProvider
from controller.sdk.columns import check_file, file_endpoint, file_fields, file_sensitive, file_source
from providers.csv.table import CsvConfig, read_csv

PROVIDER = SourceProvider(
    name="csv",
    title="CSV file or URL",
    config=CsvConfig,
    record_type=lambda config: config.record,
    fields=file_fields,
    source=file_source(read_csv),
    endpoint=file_endpoint,
    check=check_file,
    sensitive=file_sensitive,
)
