"""What an operator says about a table behind PostgREST in a spec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from controller.sdk import Endpoint, Problem, SecretRef, SpecModel
from controller.sdk.columns import RowsConfig, check_rows
from controller.sdk.connection import Timeouts, TlsConfig, WebUrl
from controller.sdk.template import nearest

MAX_BYTES = 64 * 1024 * 1024  # one page
_OPERATORS = (
    "eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "like", "ilike", "match", "imatch", "cs", "cd", "ov", "fts", "plfts",
    "phfts", "wfts", "isdistinct",
)  # fmt: skip
_CONDITION = re.compile(rf"(not\.)?({'|'.join(_OPERATORS)})(\((any|all|[\w-]+)\))?\.", re.ASCII)
_LOGIC = frozenset({"or", "and", "not.or", "not.and"})
_TAKEN = frozenset({"select", "order", "limit", "offset", "columns", "on_conflict"})


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Words: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class JwtConfig(SpecModel):
    """A token that is made here, for a server that shares its signing secret (HS256). It lives for five minutes."""

    secret: SecretRef = Field(description="The server's signing secret, as a reference.", examples=[{"env": "PGRST_JWT_SECRET"}])
    role: str = Field(description="Database role to act as; one that may only read is enough.", examples=["trueup_reader"])
    audience: str | None = Field(None, description="The `aud` that the server asks for, where it does.", examples=["authenticated"])


class StorageConfig(SpecModel):
    """Where Supabase keeps pictures that rows name by their path in a bucket."""

    bucket: str = Field(description="Name of the bucket.", examples=["photos"], pattern=r"^[^/?#\s]+$")
    public: bool = Field(False, description="The bucket hands out to everybody; otherwise key and token go along.")
    url: WebUrl | None = Field(
        None, description="Address of the storage; default: the project's, with /storage/v1 in place of /rest/v1."
    )


class PostgrestConfig(RowsConfig):
    """A table or view of a PostgREST or Supabase server. In `map`, a dotted path leads into embedded rows: ``card.number``."""

    url: WebUrl = Field(
        description="Address of the API; for Supabase the project's, with /rest/v1.", examples=["https://abcd.supabase.co/rest/v1"]
    )
    table: str = Field(description="Table or view.", examples=["employees"], pattern=r"^[^/?#&\s]+$")
    schema_: str | None = Field(None, alias="schema", description="Database schema, when it is not the server's first.")
    select: Words = Field(
        ("*",),
        min_length=1,
        description="Columns, and embedded tables with theirs, in PostgREST's words.",
        examples=[["id", "name", "card:cards(number,blocked)"]],
    )
    filters: dict[str, Words] = Field(
        default_factory=dict,
        description="Conditions that the server applies, column to PostgREST operator and value; several on one column as a list.",
        examples=[{"status": "eq.active", "or": "(left_at.is.null,left_at.gt.2026-01-01)"}],
    )
    order: str = Field(
        "id",
        description="Column that no two rows share and none lacks; pages are read in its order, so that none is missed.",
        pattern=r"^\w+$",
    )
    page_size: int = Field(1000, ge=1, le=100_000, description="Rows asked for at a time; a server may give fewer.")
    api_key: SecretRef | None = Field(
        None, description="Key sent as `apikey`; Supabase asks for it. Without token or jwt it is the bearer token too."
    )
    token: SecretRef | None = Field(None, description="Bearer token, as a reference.")
    jwt: JwtConfig | None = Field(None, description="Make the bearer token here instead.")
    storage: StorageConfig | None = Field(None, description='Where pictures lie, for `face: {source: "{photo}"}`.')
    timeouts: Timeouts = Field(default_factory=Timeouts, description="How long the server may take.")
    tls: TlsConfig = Field(default_factory=TlsConfig, description="How an https certificate is judged.")


def endpoint(config: PostgrestConfig) -> Endpoint:
    limits = config.timeouts
    return Endpoint(config.url, tls=config.tls.judged(), connect=limits.connect, read=limits.read, max_bytes=MAX_BYTES)


def check_config(config: PostgrestConfig) -> Iterator[Problem]:
    """What types alone cannot say."""
    yield from check_rows(config)
    if config.token is not None and config.jwt is not None:
        yield Problem(("jwt",), "the bearer token is given and made here as well", "keep one of token and jwt")
    storage = config.storage
    if storage is not None and storage.url is None and not config.url.endswith("/rest/v1"):
        yield Problem(("storage",), "where the storage is cannot be told from this url", "write it as storage.url")
    for column, conditions in config.filters.items():
        if column in _TAKEN:
            yield Problem(("filters", column), f"{column} is a word of the API, no column", "it is set by the other words here")
            continue
        for condition in conditions:
            yield from _check_condition(column, condition)


def _check_condition(column: str, condition: str) -> Iterator[Problem]:
    here = ("filters", column)
    if column in _LOGIC:
        if not (condition.startswith("(") and condition.endswith(")")):
            yield Problem(here, "conditions that belong together stand in parentheses", "(status.eq.active,status.eq.new)")
        return
    if _CONDITION.match(condition):
        return
    word, dot, value = condition.partition(".")
    close = nearest(word, _OPERATORS) if dot else ""
    meant = f"{close}.{value}" if close else f"eq.{condition}"
    yield Problem(here, f"{condition!r} does not begin with an operator of PostgREST", f"did you mean {meant}?")
