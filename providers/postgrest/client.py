"""One page of rows, with what each refusal means in plain words (facts/postgrest.md 2 and 4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from controller.sdk import Clock, Incomplete, Located, Nonsense, NotOffered, ProviderError, Reference, Unauthorized
from controller.sdk.columns import NotReadable, has_html
from controller.sdk.http import Http, Response
from providers.postgrest.config import PostgrestConfig, StorageConfig

_RANGE = re.compile(r"(?:(\d+)-(\d+)|\*)/(\d+|\*)")
_TOKEN_LIFE = 300  # seconds
_TOKEN_SLACK = 60  # a token is made anew when it has less than this left

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Rows:
    """One page. ``total``: how many rows the query has in all, None when the server does not say."""

    rows: list[dict[str, Any]]
    total: int | None


class Client:
    def __init__(self, config: PostgrestConfig, http: Http, clock: Clock, reveal: Callable[[Reference], str] | None) -> None:
        self._config, self._http, self._clock, self._reveal = config, http, clock, reveal
        self._made: tuple[str, float] | None = None  # a token and when it ends, seconds since 1970

    async def page(self, query: Query) -> Rows:
        """The rows of a query; raises ProviderError unless the answer is a whole list."""
        path = f"{quote(self._config.table, safe='')}?{urlencode(list(query), quote_via=quote)}"
        try:
            response = await self._http.request("GET", path, headers=self._headers())
        except Unauthorized as error:
            raise self._unauthorized(error.detail) from None
        if response.status not in (200, 206):
            raise self._refused(response)
        return Rows(self._rows(response), self._total(response))

    def located(self, storage: StorageConfig, name: str) -> Located:
        """Where a picture of the storage can be had: in a public bucket by everybody, otherwise with key and token."""
        base = storage.url or f"{self._config.url.removesuffix('/rest/v1')}/storage/v1"
        way = "public" if storage.public else "authenticated"
        url = f"{base}/object/{way}/{quote(storage.bucket)}/{quote(name.lstrip('/'))}"
        headers = self._headers()
        keys = {} if storage.public else {word: text for word, text in headers.items() if word in ("apikey", "authorization")}
        return Located(url, keys)

    def _headers(self) -> dict[str, str]:
        config = self._config
        headers = {"accept": "application/json", "prefer": "count=exact"}
        if config.schema_:
            headers["accept-profile"] = config.schema_
        if config.api_key is not None:
            headers["apikey"] = self._opened(config.api_key)
        bearer = self._bearer()
        return headers | ({"authorization": f"Bearer {bearer}"} if bearer else {})

    def _bearer(self) -> str:
        config = self._config
        if config.jwt is not None:
            return self._token()
        reference = config.token or config.api_key
        return self._opened(reference) if reference is not None else ""

    def _token(self) -> str:
        """A token of our own, made anew before it ends."""
        import jwt  # 10 ms that a plan without such a source does not need

        now, words = self._clock.now().timestamp(), self._config.jwt
        assert words is not None
        if self._made is None or self._made[1] - now < _TOKEN_SLACK:
            ends = now + _TOKEN_LIFE
            claims: dict[str, Any] = {"role": words.role, "iat": int(now), "exp": int(ends)}
            claims |= {"aud": words.audience} if words.audience else {}
            self._made = jwt.encode(claims, self._opened(words.secret), algorithm="HS256"), ends
        return self._made[0]

    def _opened(self, reference: Reference) -> str:
        if self._reveal is None:
            hint = "run a command that may open secrets: trueup plan, apply or test"
            raise Unauthorized(f"the secret {reference} cannot be opened here", code="secret-missing", hint=hint)
        return self._reveal(reference)

    def _rows(self, response: Response) -> list[dict[str, Any]]:
        place = f"{self._http.place}: {self._config.table}"
        if has_html(response.body):
            raise Nonsense(f"{place}: a web page came instead of rows", hint="check the url: for Supabase it ends in /rest/v1")
        try:
            rows = msgspec.json.decode(response.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Nonsense(f"{place}: the answer is not whole JSON", hint="try again", detail=str(error)) from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Nonsense(f"{place}: the answer is no list of rows", hint="check the url and the table")
        return rows

    def _total(self, response: Response) -> int | None:
        found = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
        return int(found[3]) if found and found[3] != "*" else None

    def _unauthorized(self, detail: str) -> ProviderError:
        """401: the token, or no right without one."""
        if '"42501"' in detail:
            return self._no_right(detail)
        return Unauthorized(
            f"{self._http.place} does not accept the key or token for {self._config.table}",
            hint="has it expired, or been made for another project? Put it right in the place that apiKey, token or jwt names",
            detail=detail,
        )

    def _no_right(self, detail: str) -> ProviderError:
        return Unauthorized(
            f"the key or token may not read {self._config.table} at {self._http.place}",
            hint=f"give its role the right to read: GRANT SELECT ON {self._config.table} TO ...",
            detail=detail,
            code="forbidden",
        )

    def _refused(self, response: Response) -> ProviderError:
        said = self._http.excerpt(response.text())
        code, message = _error(response.body)
        table, place = self._config.table, self._http.place
        match code:
            case "42501":
                return self._no_right(said)
            case "42P01" | "PGRST205":
                return NotOffered(f"{place} has no table {table}", hint="check table and schema in the config", detail=said)
            case "42703":
                what = f"{place}: {table} lacks a column that is asked for: {message}"
                return NotReadable(what, hint="check select, filters and order", code="column-missing")
            case "PGRST200":
                what = f"{place}: {table} has no relationship to a table in select: {message}"
                return NotReadable(what, hint="check the embedded tables in select")
            case "PGRST100":
                return NotReadable(f"{place} cannot read the query: {message}", hint="check select and filters in the config")
            case "57014":
                return Incomplete(
                    f"{place} ran out of time over {table}", hint="make pageSize smaller, or index the column of `order`"
                )
        return self._by_status(response.status, said)

    def _by_status(self, status: int, said: str) -> ProviderError:
        table, place = self._config.table, self._http.place
        if status in (401, 403):
            return self._no_right(said)
        if status == 404:
            hint = "check the url: for Supabase it ends in /rest/v1"
            return NotOffered(f"{place} has nothing at this address", hint=hint, detail=said)
        if status >= 500:
            return Nonsense(f"{place} failed over {table} (status {status})", hint="try again later", detail=said)
        return NotReadable(f"{place} refused to read {table} (status {status})", hint="check the config", detail=said)


def _error(body: bytes) -> tuple[str, str]:
    """Code and message of PostgREST's own error object; empty for anything else."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("code") or ""), str(found.get("message") or "")[:300]
