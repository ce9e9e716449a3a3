"""The requests to the edge, and what its answers mean."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from .config import Config

ANSWER_MAX = 4 * 1024 * 1024
"""Of a receipt, in bytes; one that names 500 tags of the greatest length takes a megabyte."""

Selector = tuple[str, str]
"""A kind of models.PendingPurge.Kind, and its value: ("tag", "post-7")."""

_FIELDS = {"tag": "tags", "url": "urls", "prefix": "prefixes", "host": "hosts"}


class NotTaken(Exception):
    """The edge did not confirm the request: it has to be sent again."""


class Unavailable(NotTaken):
    """It may well take it later."""


class Refused(NotTaken):
    """It will not take it until somebody changes something; the message says what."""


@dataclass(frozen=True)
class Receipt:
    """What came of a purge."""

    settled: frozenset[Selector]
    """What need not be sent again."""
    rejected: Mapping[Selector, str]
    """Those of them that the edge can never take, with its reasons."""
    job: str = ""
    """The id of the warmup that follows, if one does."""


def purge(
    config: Config, selectors: Iterable[Selector], mode: str, warm: bool | None, seconds: float
) -> Receipt:
    """Sends one purge request; returns a Receipt or raises NotTaken.

    `seconds` limits the connection, each wait for a byte, and the answer's body as a whole.
    """
    selectors = list(selectors)
    status, body = _ask(config, "POST", "/purge", _selection(selectors, mode, warm), seconds)
    answer = _json_object(body)
    rejected = _rejected(answer, selectors)
    if status == 200 and "id" in answer:
        warmup = answer.get("warmup")
        job = warmup.get("job", "") if isinstance(warmup, dict) else ""
        return Receipt(frozenset(selectors), rejected, str(job))
    if status == 422 and rejected:
        return Receipt(frozenset(rejected), rejected)
    raise _failure(status, answer)


def warm(
    config: Config,
    seconds: float,
    *,
    urls: Iterable[str] = (),
    tags: Iterable[str] = (),
    sitemaps: Iterable[str] = (),
) -> dict[str, Any]:
    """Starts a warmup of these pages; returns its first report, or raises NotTaken."""
    lists = {"urls": list(urls), "tags": list(tags), "sitemaps": list(sitemaps)}
    asked = {name: values for name, values in lists.items() if values}
    return _expect(config, "POST", "/warm", asked, seconds, 202)


def job(config: Config, id: str, seconds: float) -> dict[str, Any]:
    """The report of a warmup, or raises NotTaken."""
    return _expect(config, "GET", f"/jobs/{quote(id, safe='')}", None, seconds, 200)


def status(config: Config, seconds: float, *, tag: str = "", url: str = "") -> dict[str, Any]:
    """What the edge lists: the URLs of a tag, or the tags of a URL. Raises NotTaken."""
    query = f"tag={quote(tag, safe='')}" if tag else f"url={quote(url, safe='')}"
    return _expect(config, "GET", f"/status?{query}", None, seconds, 200)


def _expect(
    config: Config, method: str, route: str, asked: object, seconds: float, wanted: int
) -> dict[str, Any]:
    status, body = _ask(config, method, route, asked, seconds)
    answer = _json_object(body)
    if status == wanted and answer:
        return answer
    raise _failure(status, answer)


def _selection(selectors: list[Selector], mode: str, warm: bool | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"mode": mode}
    for kind, value in selectors:
        if kind == "everything":
            asked["everything"] = True
        else:
            asked.setdefault(_FIELDS[kind], []).append(value)
    # The edge has a setting of its own, WARM_PURGED, for those who do not say.
    return asked if warm is None else {**asked, "warm": warm}


def _ask(
    config: Config, method: str, route: str, asked: object, seconds: float
) -> tuple[int, bytes]:
    if not config.url:
        raise Refused("EDGE_ISR['URL'] is not set, so there is no edge to ask")
    headers = {
        "Authorization": f"Bearer {config.token}",
        "Accept": "application/json, application/problem+json",
        "User-Agent": "edge-isr-django",
    }
    data = None
    if asked is not None:
        data = json.dumps(asked).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(config.url + route, data, headers, method=method)
    until = time.monotonic() + seconds
    try:
        with _open(request, seconds) as answer:
            return answer.status, _read(answer, until)
    # ValueError: what http.client makes of some answers that are not HTTP.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"the edge cannot be reached ({error})") from error


def _open(request: urllib.request.Request, seconds: float) -> Any:
    try:
        return _opener(request.full_url).open(request, timeout=seconds)
    except urllib.error.HTTPError as answer:
        return answer


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would repeat the request as a GET, hand the token to another host, and take the page
    that it finds there for a success."""

    def redirect_request(self, *args: Any) -> None:
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    handlers: list[Any] = [_NoRedirects]
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        # A proxy of the environment cannot reach this machine's own ports.
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _read(answer: Any, until: float) -> bytes:
    """The body. The socket's time limit starts again with every byte; this one does not."""
    body = b""
    while part := answer.read1(65536):
        body += part
        if time.monotonic() > until:
            raise TimeoutError("its answer took too long")
        if len(body) > ANSWER_MAX:
            raise OSError("its answer is too long")
    return body


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _rejected(answer: Mapping[str, Any], selectors: list[Selector]) -> dict[Selector, str]:
    """Those of our selectors that the edge lists as rejected, each with the reason."""
    listed = answer.get("rejected")
    reasons = {
        (str(each.get("field")), str(each.get("value")).lower()): str(each.get("reason"))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    }
    named = {(kind, value): (_FIELDS.get(kind, kind), value.lower()) for kind, value in selectors}
    return {selector: reasons[name] for selector, name in named.items() if name in reasons}


_REMEDIES = {
    200: "that is not a receipt: EDGE_ISR['URL'] leads to something that is not the edge",
    400: "edge and site do not speak the same version of the request",
    401: "EDGE_ISR['TOKEN'] is not one of the edge's PURGE_TOKENS",
    403: "EDGE_ISR['TOKEN'] lacks the purge scope at the edge",
    413: "set EDGE_ISR['BATCH'] to the edge's PURGE_ITEMS_MAX or less",
    421: "the host of EDGE_ISR['URL'] is not among the edge's HOSTS",
    422: "the edge rejects the request and names no tag as the reason",
}
_ELSEWHERE = "EDGE_ISR['URL'] or EDGE_ISR['PREFIX'] leads to something that is not the edge's route"


def _failure(status: int, answer: Mapping[str, Any]) -> NotTaken:
    detail = str(answer.get("detail") or answer.get("title") or "")[:300]
    words = f"the edge answered {status}" + (f" ({detail})" if detail else "")
    if status >= 500 or status in (408, 425, 429):
        return Unavailable(words)
    return Refused(f"{words}: {_REMEDIES.get(status, _ELSEWHERE)}")
