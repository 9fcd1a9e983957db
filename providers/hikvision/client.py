"""Calls to one terminal: documents, searches page by page, writes. Knows how ISAPI is spoken and nothing of plans.

A search that ends early, changes on the way or repeats itself raises Incomplete: a short list must never look like absence.
No call here can delete without naming whom: an empty list may mean everybody to a terminal.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from controller.sdk import Busy, Clock, Done, Incomplete, Nonsense, NotOffered, ProviderError, Unauthorized
from providers.hikvision.isapi.answer import NotAnAnswer, Tree, text, tree
from providers.hikvision.isapi.login import explained
from providers.hikvision.isapi.verdict import ODD, Status, error_for, is_busy, status_of, worth_telling
from providers.hikvision.isapi.wire import (
    Found,
    NoSearch,
    WireCard,
    WirePerson,
    decode_cards,
    decode_faces,
    decode_people,
    decode_records,
)

if TYPE_CHECKING:
    from controller.sdk.http import Http, Response

T = TypeVar("T")
_JSON = {"format": "json"}
_HEADERS = {"Content-Type": "application/json"}
_UNKNOWN_TOTAL_PAGES = 10_000
_BUSY_PAUSES = (1.0, 2.0)  # seconds; a terminal says "busy" under 200 and 400 too, where HTTP's own rules do not help
_VERDICT_LENGTH = 2000  # bytes; a longer answer holds what was asked for and no "busy"


@dataclass(frozen=True)
class Search(Generic[T]):
    """One kind of search: its call, the root of its condition (empty: it has none), how a page is decoded, each record's key."""

    path: str
    root: str
    decode: Callable[[bytes], Found[T]]
    key: Callable[[T], str]
    what: str


PEOPLE: Search[WirePerson] = Search(
    "/ISAPI/AccessControl/UserInfo/Search", "UserInfoSearchCond", decode_people, attrgetter("employeeNo"), "persons"
)
RECORDS: Search[Tree] = Search(PEOPLE.path, PEOPLE.root, decode_records, lambda raw: text(raw.get("employeeNo")), "persons")
CARDS: Search[WireCard] = Search(
    "/ISAPI/AccessControl/CardInfo/Search", "CardInfoSearchCond", decode_cards, attrgetter("cardNo"), "cards"
)
FACES: Search[str] = Search("/ISAPI/Intelligent/FDLib/FDSearch", "", decode_faces, str, "faces")
LIBRARY = {"faceLibType": "blackFD", "FDID": "1"}  # the library of visible light; the other one is infrared


@dataclass(frozen=True)
class Letter:
    """The body of a write, encoded. ``read`` and ``whole``: seconds as ``Http.request`` takes them.

    ``private``: it names an address that may be signed, so what the terminal answers about it is not told.
    """

    content: bytes = field(repr=False)
    type: str = "application/json"
    query: Mapping[str, str] = field(default_factory=dict)
    read: float | None = None
    whole: float | None = None
    private: bool = False


class Isapi:
    """One terminal over one lane's HTTP client."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._session = f"{int(clock.now().timestamp() * 1000):x}"
        self._searches = 0

    async def document(self, path: str, doing: str, *, json: bool = False) -> Tree:
        """A GET's answer as a tree; raises ProviderError, NotOffered when there is no such document."""
        response = await self._ask("GET", path, params=_JSON if json else None)
        found = _tree(response, doing, wrote=False)
        status = status_of(response.status, found)
        if not response.ok or status.code is not None or not found:
            raise error_for(status, doing, wrote=False) or Nonsense(f"could not {doing}: the terminal's answer is empty", hint=ODD)
        return found

    async def optional(self, path: str, doing: str, *, json: bool = False) -> Tree:
        """A document, empty when the terminal does not offer it."""
        try:
            return await self.document(path, doing, json=json)
        except NotOffered:
            return {}

    async def write(self, method: str, path: str, body: Mapping[str, Any], doing: str) -> str:
        """Send a write; what is worth telling about its success. Raises ProviderError, with what is known of its effect."""
        return await self.post(method, path, Letter(msgspec.json.encode(body)), doing)

    async def post(self, method: str, path: str, letter: Letter, doing: str) -> str:
        """The same with a body of any kind."""
        response = await self._send(
            method,
            path,
            content=letter.content,
            headers={"Content-Type": letter.type},
            params={**_JSON, **letter.query},
            read=letter.read,
            whole=letter.whole,
        )
        status = status_of(response.status, _tree(response, doing, wrote=True))
        if letter.private:
            status = Status(status.http, status.code, status.sub, status.error)
        if error := error_for(status, doing, wrote=True):
            if isinstance(error, Busy) and response.status != 503:  # which the client has seen itself
                self._http.was_busy()
            raise error
        return worth_telling(status)

    async def search(
        self, search: Search[T], size: int, condition: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Found[T], None]:
        """Every page; at least one. Ends normally only when everything came, else raises ProviderError (mostly Incomplete)."""
        self._searches += 1
        search_id = f"trueup-{self._session}-{self._searches}"
        guard = _Guard(search.what)
        while not guard.complete:
            asked = {"searchResultPosition": guard.position, "maxResults": size, **(condition or {})}
            body = {search.root: {"searchID": search_id, **asked}} if search.root else asked
            page = await self._page(search, body)
            guard.take(page, list(map(search.key, page.records)))
            yield page

    async def _page(self, search: Search[T], body: Mapping[str, Any]) -> Found[T]:
        doing = f"list the {search.what}"
        response = await self._ask(
            "POST", search.path, content=msgspec.json.encode(body), headers=_HEADERS, params=_JSON, safe=True
        )
        if not response.ok:
            raise _failure(response, doing)
        try:
            return search.decode(response.body)
        except NoSearch as other:
            error = error_for(status_of(response.status, other.tree), doing, wrote=False)
            raise error or Nonsense(f"could not {doing}: the terminal's answer holds no list", hint=ODD) from None
        except ValueError as problem:
            message = f"could not {doing}: the terminal's answer cannot be read"
            raise Nonsense(message, hint=ODD, detail=str(problem)[:200]) from None

    async def _ask(self, method: str, path: str, **words: Any) -> Response:
        """Send what may be sent twice; a terminal that is busy is asked again."""
        for pause in _BUSY_PAUSES:
            response = await self._send(method, path, **words)
            if len(response.body) > _VERDICT_LENGTH or not is_busy(response.status, response.body):
                return response
            self._http.was_busy()
            await self._clock.sleep(pause)
        return await self._send(method, path, **words)

    async def _send(self, method: str, path: str, **words: Any) -> Response:
        try:
            return await self._http.request(method, path, **words)
        except Unauthorized as error:
            raise explained(error, self._http.place) from None


class _Guard:
    """Watches a search: what was received must be what was promised, once each."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._total: int | None = None
        self._keys: set[str] = set()
        self._pages = 0
        self.position = 0
        self.complete = False

    def take(self, page: Found[Any], keys: Sequence[str]) -> None:
        if self._pages and page.total != self._total:
            raise self._incomplete(f"their number changed from {self._total} to {page.total}")
        if page.count is not None and page.count != len(keys):
            raise self._incomplete(f"a page promised {page.count} and held {len(keys)}")
        self._total = page.total
        self._pages += 1
        self.position += len(keys)
        self._keys.update(keys)
        if len(self._keys) != self.position:
            raise self._incomplete("the same one came twice")
        self._end(page, len(keys))

    def _end(self, page: Found[Any], received: int) -> None:
        total = self._total
        if total is None:
            self.complete = page.last or not received
            if not self.complete and self._pages >= _UNKNOWN_TOTAL_PAGES:
                raise self._incomplete("the list does not end")
        elif self.position > total or (self.position < total and (page.last or not received)):
            raise self._incomplete(f"{self.position} of {total} came")
        else:
            self.complete = self.position == total

    def _incomplete(self, why: str) -> Incomplete:
        return Incomplete(
            f"the list of {self._what} is not complete: {why}", hint="it is read again next time; nothing is removed because of it"
        )


def _tree(response: Response, doing: str, *, wrote: bool) -> Tree:
    try:
        return tree(response.body)
    except NotAnAnswer as problem:
        if not response.ok:
            return {}  # an error page: its HTTP status is all there is
        effect = Done.UNKNOWN if wrote else Done.NONE
        message = f"could not {doing}: the answer is not one of a terminal"
        raise Nonsense(message, detail=str(problem)[:200], effect=effect, hint="is this really the terminal's address?") from None


def _failure(response: Response, doing: str) -> ProviderError:
    error = error_for(status_of(response.status, _tree(response, doing, wrote=False)), doing, wrote=False)
    return error or Nonsense(f"could not {doing}: HTTP {response.status} without a reason", hint=ODD)
