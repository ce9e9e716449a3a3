"""The outbox under many processes, with an edge that goes away and comes back.

On PostgreSQL: python tests/postgres.py tests.test_concurrency
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest import skipUnless

from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from edge_isr import purge, sending
from edge_isr.config import Config
from edge_isr.models import PendingPurge
from edge_isr.testing import WithEdge, refuse, take

from .shop.models import Category, Post

PROCESSES = 10
CHANGES = 30
SAVER = Path(__file__).with_name("saver.py")


@skipUnless(connection.vendor == "postgresql", "run it by tests/postgres.py")
class ManyProcesses(WithEdge):
    def setUp(self):
        super().setUp()
        Category.objects.create(name="bread")
        self.forget()
        self.lock = threading.Lock()
        self.seen = {}
        """The newest title of each post that the edge could have fetched, by slug."""
        self.early = []
        """Posts that were purged before the database showed them."""

    def answer(self, asked):
        """Down for a third of the time. It fetches each page that it is asked to purge."""
        if time.monotonic() % 0.3 < 0.1:
            return refuse(503)(asked) if time.monotonic() % 0.2 < 0.1 else None
        slugs = [tag[5:] for tag in asked.tags if tag.startswith("post-")]
        titles = dict(Post.objects.filter(slug__in=slugs).values_list("slug", "title"))
        connections.close_all()
        with self.lock:
            self.early += [slug for slug in slugs if slug not in titles]
            self.seen.update(titles)
        return take(asked)

    def test_no_purge_is_lost_early_or_of_a_change_that_was_rolled_back(self):
        self.edge.answer = self.answer
        environment = {
            **os.environ,
            "EDGE_URL": self.edge.url,
            "POSTGRES_DATABASE": connection.settings_dict["NAME"],
        }
        savers = [
            subprocess.Popen(
                [sys.executable, SAVER, f"p{n}", str(CHANGES)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for n in range(PROCESSES)
        ]
        committed = [saver.communicate(timeout=120)[0].split("\n")[:-1] for saver in savers]
        self.assertEqual([saver.returncode for saver in savers], [0] * PROCESSES)
        self.send_what_waits()
        slugs = {line.split()[0] for lines in committed for line in lines}
        self.assertGreater(len(slugs), PROCESSES)
        self.assertEqual(self.early, [])
        now = dict(Post.objects.values_list("slug", "title"))
        self.assertEqual(set(now), slugs)
        # The edge has fetched each page after its last change, or will: no purge was lost.
        self.assertEqual(self.seen, now)
        self.assertWaiting()

    def send_what_waits(self):
        for _ in range(100):
            try:
                return call_command("edge_isr_send", stdout=open(os.devnull, "w"))  # noqa: SIM115
            except CommandError:
                time.sleep(0.05)
        self.fail("the outbox is not empty")

    def test_a_row_is_sent_by_one_process_at_a_time(self):
        sent = []

        def meanwhile(asked):
            self.edge.answer = take
            sent.append(sending.send_pending("default", Config.from_settings()))
            connections.close_all()
            return take(asked)

        self.edge.answer = meanwhile
        purge("a")
        self.assertEqual([run.requests for run in sent], [0])
        self.assertEqual([asked.tags for asked in self.edge.asked], [["a"]])
        self.assertWaiting()

    def test_of_two_transactions_that_move_a_post_the_second_purges_where_the_first_put_it(self):
        with transaction.atomic():
            a, b, c = (Category.objects.create(name=name) for name in "abc")
            post = Post.objects.create(slug="x", category=a)
        self.forget()
        moved, begun = threading.Event(), threading.Event()

        def second():
            begun.set()
            # It waits for the first one's lock, and reads what that one wrote.
            own = Post.objects.get(pk=post.pk)
            own.category = c
            own.save()
            moved.set()
            connections.close_all()

        with transaction.atomic():
            post.category = b
            post.save()
            thread = threading.Thread(target=second)
            thread.start()
            begun.wait()
            self.assertFalse(moved.wait(0.3), "it waits for the lock")
        thread.join()
        # The first has purged a and b. The second must know that the post was in b by then.
        self.assertLessEqual({"category-b", "category-c"}, set(self.edge.tags))

    def test_a_broken_row_stops_nothing_else(self):
        broken = PendingPurge.objects.create(kind="row", value="no.model:1")
        with self.assertLogs("edge_isr", "ERROR"):
            purge("a")
        self.assertEqual(self.edge.tags, ["a"])
        self.assertEqual(list(PendingPurge.objects.all()), [broken])
