"""One call of the function, with what each refusal means in plain words (facts/angajati.md 3.1).

How errors inside a function look is not known: what is not 2xx, or has no ``data``, is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from controller.sdk import Clock, Nonsense, NotOffered, ProviderError, Reference, Unauthorized
from controller.sdk.columns import has_html
from controller.sdk.http import Http, Response
from providers.edge_function.config import EdgeFunctionConfig

_TRIES = 2  # the function sleeps between calls and may need a second one to wake
_PAUSE = 1.0  # seconds
_ADDRESS = ("signed_url", "signedUrl", "url")
_KEY_HINT = "check the secret that apiKey names; a function that asks for a project's key too needs anonKey"


class Client:
    def __init__(self, config: EdgeFunctionConfig, http: Http, clock: Clock, reveal: Callable[[Reference], str] | None) -> None:
        self._config, self._http, self._clock, self._reveal = config, http, clock, reveal

    async def ask(self, action: str, params: Mapping[str, str]) -> Any:
        """What stands under ``data``; raises ProviderError when there is none."""
        response = await self._answer({"action": action, **params})
        document = self._document(response, action)
        if not isinstance(document, dict) or "data" not in document:
            raise Nonsense(
                f"{self._http.place} answered {action} without any data",
                hint="is the action spelt right? What went wrong stands in the log of the function",
                detail=self._http.excerpt(response.text()),
            )
        return document["data"]

    async def photo_url(self, action: str, params: Mapping[str, str]) -> str:
        """The address of a picture, wherever in the answer it stands; empty when there is none."""
        response = await self._answer({"action": action, **params})
        document = self._document(response, action)
        inner = document.get("data") if isinstance(document, dict) else None
        places = [place for place in (document, inner) if isinstance(place, dict)]
        found = [address for place in places for word in _ADDRESS if isinstance(address := place.get(word), str) and address]
        return found[0] if found else inner if isinstance(inner, str) else ""

    async def _answer(self, params: Mapping[str, str]) -> Response:
        for tried in range(1, _TRIES + 1):
            try:
                response = await self._http.request("GET", "", params=params, headers=self._headers())
            except Unauthorized as error:
                raise self._unauthorized(error.detail) from None
            if response.status < 500 or tried == _TRIES:
                break
            await self._clock.sleep(_PAUSE)
        if response.ok:
            return response
        raise self._refused(response, params["action"])

    def _headers(self) -> dict[str, str]:
        config = self._config
        headers = {"accept": "application/json", "content-type": "application/json", "x-api-key": self._opened(config.api_key)}
        if config.anon_key is None:
            return headers
        key = self._opened(config.anon_key)
        return headers | {"apikey": key, "authorization": f"Bearer {key}"}

    def _opened(self, reference: Reference) -> str:
        if self._reveal is None:
            hint = "run a command that may open secrets: trueup plan, apply or test"
            raise Unauthorized(f"the secret {reference} cannot be opened here", code="secret-missing", hint=hint)
        return self._reveal(reference)

    def _document(self, response: Response, action: str) -> Any:
        if has_html(response.body):
            raise Nonsense(f"{self._http.place} answered {action} with a web page", hint="check the url of the function")
        try:
            return msgspec.json.decode(response.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            hint = "try again; if this stays so, look at the log of the function"
            raise Nonsense(f"{self._http.place} answered {action} with half a document", detail=str(error), hint=hint) from None

    def _unauthorized(self, detail: str) -> ProviderError:
        place = self._http.place
        if "authorization header" in detail.lower():  # the platform's own words, before the function is asked
            message, hint = f"{place} asks for the project's key before the function is reached", "give it as anonKey"
            return Unauthorized(message, hint=hint, detail=detail, code="anon-key-missing")
        return Unauthorized(f"{place} does not accept the key", hint=_KEY_HINT, detail=detail)

    def _refused(self, response: Response, action: str) -> ProviderError:
        said, place = self._http.excerpt(response.text()), self._http.place
        match response.status:
            case 403:
                return Unauthorized(f"the key may not ask {place} for {action}", hint=_KEY_HINT, detail=said, code="forbidden")
            case 404:
                return NotOffered(f"{place} has no such function", hint="check the url in the config", detail=said)
            case 400 | 405 | 422:
                message = f"{place} does not take {action} (status {response.status})"
                return NotOffered(message, hint="check action and params in the config", detail=said)
        message = f"{place} failed while it answered {action} (status {response.status})"
        return Nonsense(message, hint="what went wrong stands in the log of the function; try again later", detail=said)
