"""What the commands print and send, and how they end."""

from io import StringIO
from unittest import mock

from django.core.management import CommandError, call_command

from edge_isr.management import jobs
from edge_isr.testing import WithEdge, hang_up, refuse, take

DONE = {"id": "j1", "state": "done", "asked": 2, "done": 2, "done_at": "2026-11-23T18:00:00.000Z"}


class Commands(WithEdge):
    def setUp(self):
        super().setUp()
        pause = mock.patch.object(jobs, "LOOK_EVERY", 0)
        pause.start()
        self.addCleanup(pause.stop)

    def run_command(self, *words, **options):
        out = StringIO()
        call_command(*words, stdout=out, **options)
        return out.getvalue()

    def answer_with(self, *reports, purge=None):
        """The edge answers looks at a job with these reports, one after the other."""
        left = list(reports)

        def answer(asked):
            if asked.path.startswith("/edge-isr/jobs/"):
                report = left.pop(0)
                return report(asked) if callable(report) else (200, report)
            if asked.path == "/edge-isr/warm":
                return 202, {"id": "j1", "state": "waiting"}
            status, receipt = take(asked)
            return status, {**receipt, **(purge or {})}

        self.edge.answer = answer


class Purging(Commands):
    def test_tags_are_purged_and_sent_at_once(self):
        out = self.run_command("revalidate_tags", "post:42", "category:7")
        self.assertIn("The edge has taken 2 tags and URLs.", out)
        self.assertEqual(self.edge.tags, ["category:7", "post:42"])
        self.assertNotIn("warm", self.edge.asked[-1].body)
        self.assertWaiting()

    def test_a_warmup_is_shown_until_its_end(self):
        running = {**DONE, "state": "running", "done": 1, "stored": 1}
        del running["done_at"]
        self.answer_with(running, {**DONE, "stored": 2}, purge={"warmup": {"job": "j1"}})
        out = self.run_command("revalidate_tags", "--warm", "post:42")
        self.assertTrue(self.edge.asked[0].body["warm"])
        self.assertIn("1 of 2 pages, 1 stored", out)
        self.assertIn("2 of 2 pages, 2 stored", out)

    def test_a_warmup_need_not_be_waited_for(self):
        self.answer_with(purge={"warmup": {"job": "j1"}})
        out = self.run_command("revalidate_tags", "--warm", "--no-wait", "post:42")
        self.assertIn("edge_isr_status --job j1", out)
        self.assertEqual(len(self.edge.asked), 1)

    def test_all_that_can_be_purged_has_a_word(self):
        words = ["a", "--url", "/x", "--prefix", "/blog", "--host", "www.example.com", "--hard"]
        self.run_command("edge_isr_purge", *words)
        body = self.edge.asked[0].body
        self.assertEqual(
            body,
            {
                "mode": "hard",
                "tags": ["a"],
                "urls": [f"{self.edge.url}/x"],
                "prefixes": ["/blog"],
                "hosts": ["www.example.com"],
            },
        )
        self.run_command("edge_isr_purge", "--everything")
        self.assertEqual(self.edge.asked[1].body, {"mode": "soft", "everything": True})

    def test_a_purge_of_nothing_is_an_error(self):
        with self.assertRaisesMessage(CommandError, "Name what to purge"):
            self.run_command("edge_isr_purge")

    def test_what_cannot_be_purged_is_named(self):
        for words in (["x" * 1025], ["--prefix", "blog"], ["--url", "blog"]):
            with self.subTest(words), self.assertRaises(CommandError):
                self.run_command("edge_isr_purge", *words)
        self.assertWaiting()

    def test_an_edge_that_is_down_loses_nothing(self):
        self.edge.answer = hang_up
        with self.assertRaisesMessage(CommandError, "1 purges wait in the outbox"):
            self.run_command("edge_isr_purge", "a")
        self.assertWaiting("a")

    def test_without_an_edge_the_purge_waits(self):
        self.configure(URL="", TOKEN="")
        with self.assertRaisesMessage(CommandError, "EDGE_ISR['URL'] is not set"):
            self.run_command("revalidate_tags", "a")
        self.assertWaiting("a")


class Warming(Commands):
    def test_pages_are_warmed_and_paths_belong_to_the_edges_host(self):
        self.answer_with({**DONE, "stored": 1, "fresh": 1})
        out = self.run_command("warm_url", "/a", "https://www.example.com/b")
        self.assertEqual(
            self.edge.asked[0].body, {"urls": [f"{self.edge.url}/a", "https://www.example.com/b"]}
        )
        self.assertIn("2 of 2 pages, 1 stored, 1 fresh", out)

    def test_a_page_that_is_not_warm_is_a_failure_with_its_reason(self):
        failures = [{"url": "https://www.example.com/b", "reason": "the origin answered 500"}]
        self.answer_with({**DONE, "stored": 1, "failed": 1, "failures": failures})
        out = StringIO()
        with self.assertRaisesMessage(CommandError, "1 pages are not warm"):
            call_command("warm_url", "/a", stdout=out)
        self.assertIn("the origin answered 500", out.getvalue())

    def test_an_edge_that_is_away_for_a_moment_is_asked_again(self):
        running = {"id": "j1", "state": "running"}
        self.answer_with(running, hang_up, refuse(503), DONE)
        self.assertIn("2 of 2 pages", self.run_command("warm_url", "/a"))

    def test_an_edge_that_stays_away_is_given_up(self):
        self.answer_with({"id": "j1", "state": "running"}, hang_up, hang_up)
        with (
            mock.patch.object(jobs, "_PATIENCE", -1),
            self.assertRaisesMessage(CommandError, "may go on"),
        ):
            self.run_command("warm_url", "/a")

    def test_a_job_that_was_stopped_is_a_failure(self):
        self.answer_with({**DONE, "state": "stopped", "left": 7})
        with self.assertRaisesMessage(CommandError, "7 pages were left"):
            self.run_command("warm_url", "/a")

    def test_what_cannot_be_warmed_says_why(self):
        self.edge.answer = refuse(403)
        with self.assertRaisesMessage(CommandError, "lacks the purge scope"):
            self.run_command("warm_url", "/a")
        with self.assertRaisesMessage(CommandError, "begins with https://"):
            self.run_command("warm_url", "a")
        self.configure(URL="", TOKEN="")
        with self.assertRaisesMessage(CommandError, "EDGE_ISR['URL'] is not set"):
            self.run_command("warm_url", "/a")


class Status(Commands):
    def test_the_pages_of_a_tag(self):
        self.edge.answer = lambda asked: (200, {"tag": "a", "urls": ["https://x.example/1"]})
        out = self.run_command("edge_isr_status", "post 42")
        self.assertIn("  https://x.example/1\n0 purges wait", out)
        self.assertEqual(self.edge.asked[0].path, "/edge-isr/status?tag=post%2042")

    def test_the_tags_of_a_page(self):
        self.edge.answer = lambda asked: (200, {"url": "https://x.example/1", "tags": ["a"]})
        out = self.run_command("edge_isr_status", "/1?a=b&c")
        self.assertIn("The tags of https://x.example/1:\n  a\n", out)
        self.assertTrue(self.edge.asked[0].path.endswith("%2F1%3Fa%3Db%26c"))

    def test_a_list_of_nothing_says_so(self):
        self.edge.answer = lambda asked: (200, {"tag": "a", "urls": []})
        self.assertIn("none is listed", self.run_command("edge_isr_status", "a"))

    def test_a_warmup(self):
        self.answer_with({**DONE, "fresh": 2})
        out = self.run_command("edge_isr_status", job="j1")
        self.assertIn("Warmup j1 (done): 2 of 2 pages, 2 fresh", out)

    def test_the_outbox_alone_needs_no_edge(self):
        self.configure(URL="", TOKEN="")
        self.assertEqual(self.run_command("edge_isr_status"), "0 purges wait in the outbox.\n")

    def test_a_refusal_says_what_to_change(self):
        self.edge.answer = refuse(401)
        with self.assertRaisesMessage(CommandError, "PURGE_TOKENS"):
            self.run_command("edge_isr_status", "a")
