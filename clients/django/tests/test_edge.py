"""What each answer of the edge means."""

import socket
import threading
import time
from contextlib import closing
from unittest import mock

from edge_isr import edge
from edge_isr.config import Config
from edge_isr.testing import TOKEN, WithEdge, hang_up, refuse, take_but

A, B = ("tag", "a"), ("tag", "b")


class Answers(WithEdge):
    def purge(self, *tags, seconds=3):
        named = [("tag", tag) for tag in tags or ["a"]]
        return edge.purge(Config.from_settings(), named, "soft", None, seconds)

    def test_a_purge_names_its_tags_its_mode_and_the_token(self):
        receipt = self.purge("a", "b")
        asked = self.edge.asked[0]
        self.assertEqual(asked.path, "/edge-isr/purge")
        self.assertEqual(asked.authorization, f"Bearer {TOKEN}")
        self.assertEqual((asked.tags, asked.mode), (["a", "b"], "soft"))
        self.assertEqual((receipt.settled, receipt.rejected), ({A, B}, {}))

    def test_rejected_tags_of_a_200_are_settled_and_named(self):
        self.edge.answer = take_but("b")
        receipt = self.purge("a", "b")
        self.assertEqual((receipt.settled, receipt.rejected), ({A, B}, {B: "not a tag"}))

    def test_a_422_settles_the_tags_that_it_rejects(self):
        rejected = [{"field": "tags", "value": "B", "reason": "no"}, {"field": "urls"}, "?"]
        self.edge.answer = refuse(422, rejected=rejected)
        receipt = self.purge("a", "b")
        self.assertEqual((receipt.settled, receipt.rejected), ({B}, {B: "no"}))

    def test_a_permanent_refusal_says_what_to_change(self):
        table = {
            400: "version",
            401: "TOKEN",
            403: "purge scope",
            404: "URL",
            413: "BATCH",
            421: "HOSTS",
            422: "names no tag",
        }
        for status, remedy in table.items():
            self.edge.answer = refuse(status, detail="because")
            with self.subTest(status), self.assertRaisesRegex(edge.Refused, remedy) as caught:
                self.purge()
            self.assertIn(f"{status} (because)", str(caught.exception))
            self.assertNotIn(TOKEN, str(caught.exception))

    def test_a_passing_failure_is_no_refusal(self):
        for status in (408, 429, 500, 502, 503, 504):
            self.edge.answer = refuse(status)
            with self.subTest(status), self.assertRaises(edge.Unavailable):
                self.purge()

    def test_a_200_that_is_no_receipt_is_not_believed(self):
        for body in (b"", b"<html>", b"[]", b'{"id": "r1", "purg', {"ok": True}):
            self.edge.answer = lambda asked, body=body: (200, body)
            with self.subTest(body), self.assertRaisesRegex(edge.Refused, "not a receipt"):
                self.purge()

    def test_a_redirect_is_not_followed(self):
        self.edge.answer = lambda asked: (302, b"", [("Location", f"{self.edge.url}/login")])
        with self.assertRaises(edge.Refused):
            self.purge()
        self.assertEqual(len(self.edge.asked), 1)

    def test_an_edge_that_hangs_up_is_unavailable(self):
        self.edge.answer = hang_up
        with self.assertRaises(edge.Unavailable):
            self.purge()

    def test_an_edge_that_does_not_listen_is_unavailable(self):
        self.edge.close()
        with self.assertRaises(edge.Unavailable):
            self.purge()

    def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(self):
        proxy = {"http_proxy": "http://127.0.0.1:1", "no_proxy": ""}
        with mock.patch.dict("os.environ", proxy):
            self.purge()

    def test_an_edge_that_does_not_answer_is_given_up(self):
        self.edge.answer = self.edge.stall
        start = time.monotonic()
        with self.assertRaises(edge.Unavailable):
            self.purge(seconds=0.1)
        self.assertLess(time.monotonic() - start, 5)

    def test_an_answer_that_trickles_is_given_up(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            self.configure(URL=f"http://127.0.0.1:{server.getsockname()[1]}")
            threading.Thread(target=_trickle, args=[server], daemon=True).start()
            start = time.monotonic()
            with self.assertRaises(edge.Unavailable):
                self.purge(seconds=0.2)
            self.assertLess(time.monotonic() - start, 5)

    def test_what_is_not_http_is_unavailable(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            self.configure(URL=f"http://127.0.0.1:{server.getsockname()[1]}")
            threading.Thread(target=_babble, args=[server], daemon=True).start()
            with self.assertRaises(edge.Unavailable):
                self.purge(seconds=1)


def _trickle(server):
    """A byte now and then, each within the socket's own time limit."""
    connection, _ = server.accept()
    with closing(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            for _ in range(1000):
                connection.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            pass


def _babble(server):
    connection, _ = server.accept()
    with closing(connection):
        connection.recv(65536)
        connection.sendall(b"220 mail.example.com ESMTP\r\n")
