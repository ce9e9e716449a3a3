import time
from io import StringIO

from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from edge_isr import sending
from edge_isr.config import Config
from edge_isr.models import PendingPurge
from edge_isr.outbox import purge
from edge_isr.testing import WithEdge, hang_up, refuse, take, take_but


class Rollback(Exception):
    pass


def send():
    out = StringIO()
    call_command("edge_isr_send", stdout=out)
    return out.getvalue()


class Transactions(WithEdge):
    def test_a_purge_outside_of_a_transaction_is_sent_at_once(self):
        purge("B", "a")
        self.assertEqual(self.edge.tags, ["a", "b"])
        self.assertWaiting()

    def test_a_transaction_purges_after_its_commit_and_in_one_request(self):
        with transaction.atomic():
            purge("a")
            purge("b", "a")
            with transaction.atomic():
                purge("c")
            self.assertEqual(self.edge.asked, [])
        self.assertEqual([asked.tags for asked in self.edge.asked], [["a", "b", "c"]])

    def test_a_transaction_that_is_rolled_back_purges_nothing(self):
        with self.assertRaises(Rollback), transaction.atomic():
            purge("a")
            raise Rollback
        purge("b")
        self.assertEqual(self.edge.tags, ["b"])
        self.assertEqual(len(self.edge.asked), 1)

    def test_a_savepoint_that_is_rolled_back_purges_nothing(self):
        with transaction.atomic():
            purge("a")
            with self.assertRaises(Rollback), transaction.atomic():
                purge("b")
                raise Rollback
        self.assertEqual(self.edge.tags, ["a"])

    def test_the_row_is_committed_when_the_edge_is_asked_and_deleted_after_its_answer(self):
        rows = []

        def look(asked):
            rows.extend(PendingPurge.objects.values_list("value", flat=True))
            connections.close_all()
            return take(asked)

        self.edge.answer = look
        with transaction.atomic():
            purge("a")
        self.assertEqual(rows, ["a"])
        self.assertWaiting()

    def test_nothing_is_sent_from_inside_a_transaction(self):
        with transaction.atomic(), self.assertRaisesMessage(RuntimeError, "transaction"):
            sending.send_pending("default", Config.from_settings())

    def test_a_purge_of_nothing_asks_nobody(self):
        purge()
        self.assertEqual(self.edge.asked, [])

    def test_soft_and_hard_purges_are_sent_apart(self):
        with transaction.atomic():
            purge("a")
            purge("b", mode="hard")
            purge("c")
        asked = [(asked.mode, asked.tags) for asked in self.edge.asked]
        self.assertEqual(asked, [("soft", ["a"]), ("hard", ["b"]), ("soft", ["c"])])

    def test_an_unknown_mode_is_an_error(self):
        with self.assertRaises(ValueError):
            purge("a", mode="medium")


class Batches(WithEdge):
    def test_more_than_500_tags_are_split(self):
        with transaction.atomic():
            purge(*(f"t{n}" for n in range(1001)))
        self.assertEqual([len(asked.tags) for asked in self.edge.asked], [500, 500, 1])
        self.assertWaiting()

    def test_the_batch_size_is_a_setting(self):
        self.configure(BATCH=2)
        purge("a", "b", "c")
        self.assertEqual([asked.tags for asked in self.edge.asked], [["a", "b"], ["c"]])

    def test_a_tag_that_was_purged_often_is_sent_once(self):
        with transaction.atomic():
            for n in range(900):
                purge("posts", f"t{n % 300}")
        self.assertEqual([len(asked.tags) for asked in self.edge.asked], [301])
        self.assertWaiting()

    def test_what_was_taken_before_a_failure_is_not_sent_again(self):
        self.configure(BATCH=1)
        self.edge.answer = lambda asked: take(asked) if asked.tags == ["a"] else hang_up(asked)
        with self.assertLogs("edge_isr", "WARNING"):
            purge("a", "b")
        self.assertWaiting("b")

    def test_a_row_of_the_same_tag_that_came_meanwhile_is_sent_again(self):
        def another_commit(asked):
            self.edge.answer = take
            PendingPurge.objects.create(value="a")
            connections.close_all()
            return take(asked)

        self.edge.answer = another_commit
        purge("a")
        self.assertEqual([asked.tags for asked in self.edge.asked], [["a"], ["a"]])
        self.assertWaiting()

    def test_a_row_that_was_committed_late_is_not_deleted_unsent(self):
        """Ids are given out in another order than transactions commit."""

        def an_earlier_id_appears(asked):
            self.edge.answer = hang_up
            PendingPurge.objects.create(pk=500, value="late")
            PendingPurge.objects.create(pk=501, value="a")
            connections.close_all()
            return take(asked)

        PendingPurge.objects.create(pk=1000, value="a")
        self.edge.answer = an_earlier_id_appears
        with self.assertRaises(CommandError):
            send()
        self.assertEqual(set(PendingPurge.objects.values_list("pk", flat=True)), {500, 501})


class Failures(WithEdge):
    def purge_in_vain(self, answer, level="WARNING"):
        """Purges "a" at an edge that gives this answer; returns what is logged."""
        self.edge.answer = answer
        with self.assertLogs("edge_isr", level) as log:
            purge("a")
        self.assertWaiting("a")
        return log.output[-1]

    def test_a_down_edge_keeps_the_row_and_the_next_purge_sends_it(self):
        self.purge_in_vain(hang_up)
        self.edge.answer = take
        purge("b")
        self.assertEqual(self.edge.tags, ["a", "b"])
        self.assertWaiting()

    def test_the_command_sends_what_waits(self):
        self.purge_in_vain(hang_up)
        self.edge.answer = take
        self.assertIn("Sent 1 tags and URLs in 1 requests", send())
        self.assertWaiting()

    def test_the_command_fails_while_the_edge_is_down(self):
        self.purge_in_vain(hang_up)
        with self.assertRaisesMessage(CommandError, "1 purges wait"):
            send()
        self.assertWaiting("a")

    def test_a_503_is_sent_again_later(self):
        self.assertIn("503", self.purge_in_vain(refuse(503)))
        self.edge.answer = take
        send()
        self.assertWaiting()

    def test_a_refusal_keeps_the_rows_and_says_what_to_fix(self):
        for status in (400, 401, 403, 413, 422):
            self.forget()
            message = self.purge_in_vain(refuse(status), level="ERROR")
            self.assertIn("1 purges wait", message)
            self.assertIn(f"answered {status}", message)

    def test_a_stalling_edge_costs_the_time_limit_and_no_more(self):
        self.configure(TIMEOUT=0.1)
        start = time.monotonic()
        self.purge_in_vain(self.edge.stall)
        self.assertLess(time.monotonic() - start, 5)

    def test_the_time_limit_counts_for_all_requests_of_a_purge(self):
        def slowly(asked):
            time.sleep(0.08)
            return take(asked)

        self.configure(TIMEOUT=0.2, BATCH=1)
        self.edge.answer = slowly
        with self.assertLogs("edge_isr", "WARNING"):
            purge(*(f"t{n}" for n in range(20)))
        self.assertLessEqual(len(self.edge.asked), 4)
        self.assertGreaterEqual(PendingPurge.objects.count(), 16)

    def test_an_edge_that_failed_is_left_alone_for_a_while(self):
        self.configure(RETRY_AFTER=3600)
        self.purge_in_vain(hang_up)
        self.edge.answer = take
        purge("b")
        self.assertEqual(len(self.edge.asked), 1)
        self.assertWaiting("a", "b")

    def test_the_command_does_not_wait_for_that(self):
        self.configure(RETRY_AFTER=3600)
        self.purge_in_vain(hang_up)
        self.edge.answer = take
        send()
        self.assertEqual(self.edge.tags, ["a"])

    def test_an_edge_that_was_left_alone_is_asked_again(self):
        self.configure(RETRY_AFTER=0.01)
        self.purge_in_vain(hang_up)
        self.edge.answer = take
        time.sleep(0.02)
        purge("b")
        self.assertWaiting()

    def test_a_failure_of_our_own_breaks_no_save(self):
        def forget_the_table(execute, sql, *rest):
            if sql.startswith("SELECT"):
                raise RuntimeError("no such table")
            return execute(sql, *rest)

        with self.assertLogs("edge_isr", "ERROR"), connection.execute_wrapper(forget_the_table):
            purge("a")
        self.assertWaiting("a")


class Rejected(WithEdge):
    def test_a_tag_that_the_edge_can_never_take_is_reported_and_dropped(self):
        self.edge.answer = take_but("b")
        with self.assertLogs("edge_isr", "ERROR") as log:
            purge("a", "b")
        self.assertIn("'b', dropped: not a tag", log.output[0])
        self.assertWaiting()

    def test_a_422_drops_what_it_names_and_the_rest_is_sent_again(self):
        def reject_b(asked):
            self.edge.answer = take
            return refuse(422, rejected=[{"field": "tags", "value": "b", "reason": "no"}])(asked)

        self.edge.answer = reject_b
        with self.assertLogs("edge_isr", "ERROR"):
            purge("a", "b")
        self.assertEqual([asked.tags for asked in self.edge.asked], [["a", "b"], ["a"]])
        self.assertWaiting()

    def test_a_422_that_names_tags_of_others_does_not_go_round_in_circles(self):
        self.edge.answer = refuse(422, rejected=[{"field": "tags", "value": "z", "reason": "no"}])
        with self.assertLogs("edge_isr", "ERROR") as log:
            purge("a")
        self.assertIn("names no tag", log.output[0])
        self.assertEqual(len(self.edge.asked), 1)
        self.assertWaiting("a")


class NoEdge(WithEdge):
    def setUp(self):
        super().setUp()
        self.configure(URL="", TOKEN="")

    def test_purges_wait_until_there_is_one(self):
        with self.assertNoLogs():
            purge("a")
        self.assertWaiting("a")
        self.configure()
        purge("b")
        self.assertEqual(self.edge.tags, ["a", "b"])

    def test_the_command_says_so(self):
        purge("a")
        with self.assertRaisesMessage(CommandError, "1 purges wait; EDGE_ISR['URL'] is not set"):
            send()
