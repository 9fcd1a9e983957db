"""A PostgREST server with tables in memory, with row limit, row security, keys and tokens, and its own errors.

It reads, and changes rows by PATCH as applications do beside trueup; a storage for files stands beside it where buckets are given.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from controller.sdk.simulation import Answer, AsgiApp, AsgiScope, Faults, Receive, Send, send_answer
from providers.postgrest.simulator.query import RESERVED, Embed, Refusal, Row, condition, in_order, logic, selected
from providers.postgrest.simulator.storage import PREFIX, Bucket, handed_out

_JSON = (b"content-type", b"application/json; charset=utf-8")


@dataclass
class Quirks:
    """What servers do differently; each is off by default but the row limit of hosted projects."""

    cap: int = 1000  # rows that one answer holds at most; 0: no limit
    no_count: bool = False  # count=exact is not heeded
    rls_empty: bool = False  # row security hides every row, without any error
    no_grant: bool = False  # the role may not read
    old_codes: bool = True  # 42P01 for an unknown table; False: PGRST205
    embed: str = "auto"  # object, array or auto: object where the foreign key is unique
    shrinks: int = 0  # so many rows disappear after the first page
    endless: bool = False  # pages never end


@dataclass(frozen=True)
class Relation:
    """``child.column`` points to ``parent.key``; ``unique`` makes it one-to-one."""

    child: str
    column: str
    parent: str
    key: str = "id"
    unique: bool = False


@dataclass
class Server:
    """``key`` is the API key (``apikey``), ``tokens`` the bearer tokens that are accepted; ``jwt_secret`` accepts signed ones.

    ``buckets`` are those of a storage beside it, as Supabase has one.
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    key: str | None = None
    tokens: tuple[str, ...] = ()
    jwt_secret: str = ""
    quirks: Quirks = field(default_factory=Quirks)
    faults: Faults = field(default_factory=Faults)
    prefix: str = "/rest/v1"
    seed: int = 1
    buckets: dict[str, Bucket] = field(default_factory=dict)

    @property
    def app(self) -> AsgiApp:
        return self.faults.wrap(self._answer)

    async def _answer(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            answer = self._answered(scope, await _body(receive))
        except Refusal as refusal:
            answer = _refused(refusal)
        await send_answer(send, answer)

    def _answered(self, scope: AsgiScope, body: bytes) -> Answer:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if self.buckets and scope["method"] == "GET" and scope["path"].startswith(PREFIX):
            return handed_out(self.buckets, _raw_path(scope), _token(headers), self._accepts)
        self._admit(headers)
        if scope["method"] not in ("GET", "PATCH") or not scope["path"].startswith(f"{self.prefix}/"):
            raise Refusal(404, "", "not found")
        table = unquote(scope["path"].removeprefix(f"{self.prefix}/"))
        if table not in self.tables:
            code = "42P01" if self.quirks.old_codes else "PGRST205"
            raise Refusal(404, code, f'relation "public.{table}" does not exist')
        if self.quirks.no_grant:
            raise Refusal(403, "42501", f"permission denied for table {table}")
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        if scope["method"] == "PATCH":
            return self._patch(table, query, body)
        return self._page(table, query, "count=exact" in headers.get("prefer", ""))

    def _admit(self, headers: Mapping[str, str]) -> None:
        if self.key is not None and headers.get("apikey") != self.key:
            raise Refusal(401, "", "Invalid API key")
        token = _token(headers)
        if not self._accepts(token):
            raise Refusal(401, "PGRST301", "JWT expired") if token else Refusal(401, "42501", "permission denied for schema public")

    def _accepts(self, token: str) -> bool:
        if not (self.tokens or self.jwt_secret):
            return True
        return token in self.tokens or bool(token and self.jwt_secret and _signed(token, self.jwt_secret))

    def _patch(self, table: str, query: Sequence[tuple[str, str]], body: bytes) -> Answer:
        """Change the rows that the filters meet; 204 when there are none, too."""
        try:
            given = json.loads(body)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise Refusal(400, "PGRST102", "Empty or invalid json")
        rows = self.tables[table]
        if rows and (unknown := sorted(given.keys() - rows[0].keys())):
            raise Refusal(400, "PGRST204", f"Could not find the '{unknown[0]}' column of '{table}' in the schema cache")
        tests = list(_tests(query))
        for row in rows:
            if all(test(row) for test in tests):
                row.update(given)
        return Answer(204)

    def _page(self, table: str, query: Sequence[tuple[str, str]], counted: bool) -> Answer:
        words = dict(query)
        columns, embeds = selected(words.get("select", "*"))
        joins = [(embed, self._relation(table, embed)) for embed in embeds]
        found = [] if self.quirks.rls_empty else [row for row in self.tables[table] if all(test(row) for test in _tests(query))]
        found = [row for row in found if all(self._inner(row, embed, relation) for embed, relation in joins)]
        found = in_order(found, words["order"]) if "order" in words else self._as_they_come(found)
        total = len(found)
        limit = min(int(words.get("limit", total or 1)), self.quirks.cap or total or 1)
        page = found[int(words.get("offset", 0)) :][:limit]
        if self.quirks.endless and self.tables[table]:
            page, total = self.tables[table][:limit], total + limit + 1
        body = [self._shown(row, columns, joins) for row in page]
        if self.quirks.shrinks and len(page) < total:
            del self.tables[table][-self.quirks.shrinks :]
            self.quirks.shrinks = 0
        return _rows(body, total if counted and not self.quirks.no_count else None)

    def _as_they_come(self, rows: list[Row]) -> list[Row]:
        """Without an order the database gives rows as it likes, and otherwise the next time."""
        self.seed += 1
        return random.Random(self.seed).sample(rows, len(rows))

    def _relation(self, table: str, embed: Embed) -> Relation:
        for relation in self.relations:
            if (relation.parent, relation.child) == (table, embed.table):
                return relation
        raise Refusal(400, "PGRST200", f"Could not find a relationship between '{table}' and '{embed.table}' in the schema cache")

    def _inner(self, row: Row, embed: Embed, relation: Relation) -> bool:
        return not embed.inner or bool(self._children(row, relation))

    def _children(self, row: Row, relation: Relation) -> list[Row]:
        return [child for child in self.tables[relation.child] if child[relation.column] == row[relation.key]]

    def _shown(self, row: Row, columns: Sequence[tuple[str, str]], joins: Sequence[tuple[Embed, Relation]]) -> Row:
        shown: Row = {}
        for name, column in columns:
            if column == "*":
                shown |= row
            elif column not in row:
                raise Refusal(400, "42703", f"column {column} does not exist")
            else:
                shown[name] = row[column]
        for embed, relation in joins:
            children = [{c: child[c] for c in embed.columns} for child in self._children(row, relation)]
            single = self.quirks.embed == "object" or (self.quirks.embed == "auto" and relation.unique)
            shown[embed.name] = (children[0] if children else None) if single else children
        return shown


async def _body(receive: Receive) -> bytes:
    whole, more = b"", True
    while more:
        message = await receive()
        whole += message.get("body", b"")
        more = message.get("more_body", False)
    return whole


def _raw_path(scope: AsgiScope) -> str:
    """As it was sent: a ``%2F`` within a name is no slash."""
    return bytes(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme == "Bearer" else ""


def _tests(query: Sequence[tuple[str, str]]) -> Iterator[Callable[[Row], bool]]:
    for name, text in query:
        if name in ("or", "and"):
            yield logic(text, name == "and")
        elif name not in RESERVED and "." not in name:
            yield condition(name, text)


def _rows(body: list[Row], total: int | None) -> Answer:
    span = f"0-{len(body) - 1}" if body else "*"
    partial = total is not None and len(body) < total
    headers = (_JSON, (b"content-range", f"{span}/{'*' if total is None else total}".encode()))
    return Answer(206 if partial else 200, json.dumps(body).encode(), headers)


def _refused(refusal: Refusal) -> Answer:
    body = {"code": refusal.code, "details": refusal.details, "hint": None, "message": refusal.message}
    extra = ((b"www-authenticate", b'Bearer error="invalid_token"'),) if refusal.code == "PGRST301" else ()
    return Answer(refusal.status, json.dumps(body).encode(), (_JSON, *extra))


def _signed(token: str, secret: str) -> bool:
    import jwt

    try:
        jwt.decode(token, secret, algorithms=["HS256"], options={"verify_aud": False})
    except jwt.InvalidTokenError:
        return False
    return True
