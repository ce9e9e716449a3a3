"""One purge request to the edge, and what its answer means."""

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

ANSWER_MAX = 4 * 1024 * 1024
"""Of a receipt, in bytes; one that names 500 tags of the greatest length takes a megabyte."""


class NotTaken(Exception):
    """The edge did not confirm the purge: it has to be sent again."""


class Unavailable(NotTaken):
    """It may well take it later."""


class Refused(NotTaken):
    """It will not take it until somebody changes something; the message says what."""


@dataclass(frozen=True)
class Receipt:
    """settled: the tags that need not be sent again. rejected: those of them that the edge can
    never take, with its reasons."""

    settled: frozenset
    rejected: dict


def purge(config, tags, mode, seconds):
    """Sends one request; answers with a Receipt or raises NotTaken.

    `seconds` limits the connection, each wait for a byte, and the answer's body as a whole.
    """
    status, body = _post(config, {"tags": tags, "mode": mode}, seconds)
    answer = _json_object(body)
    rejected = _rejected(answer, tags)
    if status == 200 and "id" in answer:
        return Receipt(frozenset(tags), rejected)
    if status == 422 and rejected:
        return Receipt(frozenset(rejected), rejected)
    raise _failure(status, answer)


def _post(config, selection, seconds):
    request = urllib.request.Request(
        config.url,
        data=json.dumps(selection).encode(),
        headers={
            "Authorization": f"Bearer {config.token}",
            "Content-Type": "application/json",
            "Accept": "application/json, application/problem+json",
            "User-Agent": "edge-isr-django",
        },
        method="POST",
    )
    until = time.monotonic() + seconds
    try:
        with _open(request, seconds) as answer:
            return answer.status, _read(answer, until)
    # ValueError: what http.client makes of some answers that are not HTTP.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"the edge cannot be reached ({error})") from error


def _open(request, seconds):
    try:
        return _opener(request.full_url).open(request, timeout=seconds)
    except urllib.error.HTTPError as answer:
        return answer


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would repeat the request as a GET, hand the token to another host, and take the page
    that it finds there for a success."""

    def redirect_request(self, *args):
        return None


def _opener(url):
    handlers = [_NoRedirects]
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        # A proxy of the environment cannot reach this machine's own ports.
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _read(answer, until):
    """The body. The socket's time limit starts again with every byte; this one does not."""
    body = b""
    while part := answer.read1(65536):
        body += part
        if time.monotonic() > until:
            raise TimeoutError("its answer took too long")
        if len(body) > ANSWER_MAX:
            raise OSError("its answer is too long")
    return body


def _json_object(body):
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _rejected(answer, tags):
    """Those of our tags that the answer lists as rejected, each with the reason."""
    listed = answer.get("rejected")
    reasons = {
        str(each.get("value")).lower(): str(each.get("reason"))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and each.get("field") == "tags"
    }
    return {tag: reasons[tag] for tag in tags if tag in reasons}


_REMEDIES = {
    200: "that is not a receipt: EDGE_ISR['URL'] leads to something that is not the edge",
    400: "edge and site do not speak the same version of the purge request",
    401: "EDGE_ISR['TOKEN'] is not one of the edge's PURGE_TOKENS",
    403: "EDGE_ISR['TOKEN'] lacks the purge scope at the edge",
    413: "set EDGE_ISR['BATCH'] to the edge's PURGE_ITEMS_MAX or less",
    421: "the host of EDGE_ISR['URL'] is not among the edge's HOSTS",
    422: "the edge rejects the request and names no tag as the reason",
}
_ELSEWHERE = "EDGE_ISR['URL'] or EDGE_ISR['PREFIX'] leads to something that is not the edge's purge"


def _failure(status, answer):
    detail = str(answer.get("detail") or answer.get("title") or "")[:300]
    words = f"the edge answered {status}" + (f" ({detail})" if detail else "")
    if status >= 500 or status in (408, 425, 429):
        return Unavailable(words)
    return Refused(f"{words}: {_REMEDIES.get(status, _ELSEWHERE)}")
