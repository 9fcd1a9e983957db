"""Source: a JSON document or URL whose objects are persons, or a table to be joined."""

from __future__ import annotations

from controller.sdk import SourceProvider
from controller.sdk.columns import file_endpoint, file_fields, file_sensitive, file_source
from providers.json.document import JsonConfig, check_json, read_json

PROVIDER = SourceProvider(
    name="json",
    title="JSON document or URL",
    config=JsonConfig,
    record_type=lambda config: config.record,
    fields=file_fields,
    source=file_source(read_json),
    endpoint=file_endpoint,
    check=check_json,
    sensitive=file_sensitive,
)
