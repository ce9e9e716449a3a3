"""An edge for tests: a real HTTP server on a free port, and the settings that lead to it."""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.test import TransactionTestCase, override_settings

from edge_isr import outbox
from edge_isr.models import PendingPurge

TOKEN = "a-token-for-tests"


@dataclass
class Asked:
    """A request that the edge got."""

    path: str
    authorization: str
    tags: list
    mode: str


def take(asked, rejected=()):
    """200: what a healthy edge answers."""
    refusals = [{"field": "tags", "value": tag, "reason": "not a tag"} for tag in rejected]
    taken = [tag for tag in asked.tags if tag not in rejected]
    purged = {"tags": taken, "urls": [], "prefixes": [], "hosts": [], "everything": False}
    receipt = {"id": "r1", "at": "2025-01-01T00:00:00Z", "mode": asked.mode, "purged": purged}
    return 200, {**receipt, "rejected": refusals}


def take_but(*rejected):
    return lambda asked: take(asked, rejected)


def refuse(status, **members):
    """An application/problem+json answer."""
    return lambda asked: (status, {"status": status, "title": "no", **members})


def hang_up(asked):
    """The edge is down: the connection closes without an answer."""
    return None


class FakeEdge:
    """`answer` decides on each request; `asked` lists those that came."""

    def __init__(self):
        self.asked = []
        self.answer = take
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def tags(self):
        """What the last request purged."""
        return sorted(self.asked[-1].tags)

    def stall(self, asked):
        """Accepts the request and does not answer it."""
        self.closing.wait(30)

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(edge):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked = Asked(self.path, self.headers["Authorization"], body["tags"], body["mode"])
                edge.asked.append(asked)
                answer = edge.answer(asked)
                # The site may have given up by now.
                with suppress(OSError):
                    if answer:
                        self.reply(*answer)

            def reply(self, status, body, headers=()):
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        return Handler


class WithEdge(TransactionTestCase):
    """Tests that commit, before an edge. After a failure the edge is tried again at once, unless a
    test configures otherwise."""

    def setUp(self):
        self.edge = FakeEdge()
        self.addCleanup(self.edge.close)
        self.addCleanup(outbox._resting_until.clear)
        self.configure()

    def configure(self, **settings):
        given = {"URL": self.edge.url, "TOKEN": TOKEN, "RETRY_AFTER": 0, **settings}
        override = override_settings(EDGE_ISR=given)
        override.enable()
        self.addCleanup(override.disable)

    def forget(self):
        """Begins anew: what preparing the test purged does not count."""
        PendingPurge.objects.all().delete()
        self.edge.asked.clear()

    def assertWaiting(self, *tags):
        """The outbox holds exactly these, however often each."""
        self.assertEqual(set(PendingPurge.objects.values_list("tag", flat=True)), set(tags))
