"""For the tests of your site: an edge on a free port, which notes what it is asked.

    class Purges(WithEdge):
        def test_a_saved_post_purges_its_page(self):
            post.save()
            self.assertEqual(self.edge.tags, ["post-7", "posts"])

It is a real HTTP server, and stores nothing.
"""

import json
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import TransactionTestCase, override_settings

from edge_isr import sending
from edge_isr.models import PendingPurge

TOKEN = "a-token-for-tests"

Answer = tuple[Any, ...] | None
"""A status, a body (bytes, or what becomes JSON), and optionally fields. None: hang up."""


@dataclass
class Asked:
    """A request that the edge got."""

    path: str
    authorization: str | None
    tags: list[str]
    mode: str
    body: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"


def take(asked: Asked, rejected: Iterable[str] = ()) -> Answer:
    """200: what a healthy edge answers."""
    refusals = [{"field": "tags", "value": tag, "reason": "not a tag"} for tag in rejected]
    taken = [tag for tag in asked.tags if tag not in rejected]
    purged = {"tags": taken, "urls": [], "prefixes": [], "hosts": [], "everything": False}
    receipt = {"id": "r1", "at": "2025-01-01T00:00:00Z", "mode": asked.mode, "purged": purged}
    return 200, {**receipt, "rejected": refusals}


def take_but(*rejected: str) -> Callable[[Asked], Answer]:
    """200, with these tags rejected."""
    return lambda asked: take(asked, rejected)


def refuse(status: int, **members: Any) -> Callable[[Asked], Answer]:
    """An application/problem+json answer."""
    return lambda asked: (status, {"status": status, "title": "no", **members})


def hang_up(asked: Asked) -> Answer:
    """The edge is down: the connection closes without an answer."""
    return None


class FakeEdge:
    """`answer` decides on each request; `asked` lists those that came."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = take
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def tags(self) -> list[str]:
        """What the last request purged."""
        return sorted(self.asked[-1].tags)

    def stall(self, asked: Asked) -> Answer:
        """Accepts the request and does not answer it."""
        self.closing.wait(30)
        return None

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(edge) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(body)

            def do_GET(self) -> None:
                self.answer({})

            def answer(self, body: dict[str, Any]) -> None:
                token = self.headers["Authorization"]
                tags, mode = body.get("tags", []), body.get("mode", "")
                asked = Asked(self.path, token, tags, mode, body, self.command)
                edge.asked.append(asked)
                answer = edge.answer(asked)
                # The site may have given up by now.
                with suppress(OSError):
                    if answer:
                        self.reply(*answer)

            def reply(self, status: int, body: Any, headers: Iterable[Any] = ()) -> None:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


class WithEdge(TransactionTestCase):
    """Tests that commit, before an edge. After a failure the edge is tried again at once, unless a
    test configures otherwise."""

    def setUp(self) -> None:
        self.edge = FakeEdge()
        self.addCleanup(self.edge.close)
        self.addCleanup(sending._resting_until.clear)
        self.configure()

    def configure(self, **settings: Any) -> None:
        """Changes EDGE_ISR until the end of the test."""
        given = {"URL": self.edge.url, "TOKEN": TOKEN, "RETRY_AFTER": 0, **settings}
        override = override_settings(EDGE_ISR=given)
        override.enable()
        self.addCleanup(override.disable)

    def forget(self) -> None:
        """Begins anew: what preparing the test purged does not count."""
        PendingPurge.objects.all().delete()
        self.edge.asked.clear()

    def assertWaiting(self, *values: str) -> None:
        """The outbox holds exactly these, however often each."""
        self.assertEqual(set(PendingPurge.objects.values_list("value", flat=True)), set(values))
