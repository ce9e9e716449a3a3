"""What sends the outbox after a commit."""

import unittest

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import transaction
from django.test import SimpleTestCase, override_settings

from edge_isr import purge
from edge_isr.config import Config
from edge_isr.senders import sender
from edge_isr.testing import WithEdge

try:
    import celery
except ImportError:
    celery = None
try:
    import django.tasks as django_tasks
except ImportError:
    django_tasks = None

seen = []


def note(using):
    seen.append(using)


def fail(using):
    raise ConnectionError("the broker is down")


class OfASite(WithEdge):
    def setUp(self):
        super().setUp()
        seen.clear()

    def test_a_function_of_the_site_is_given_the_database(self):
        self.configure(SENDER="tests.test_senders.note")
        with transaction.atomic():
            purge("a")
            self.assertEqual(seen, [])
        self.assertEqual(seen, ["default"])
        self.assertEqual(self.edge.asked, [])
        self.assertWaiting("a")

    def test_a_sender_that_fails_breaks_no_save_and_loses_nothing(self):
        self.configure(SENDER="tests.test_senders.fail")
        with self.assertLogs("edge_isr", "ERROR") as log:
            purge("a")
        self.assertIn("EDGE_ISR['SENDER'] failed", log.output[0])
        self.assertWaiting("a")
        call_command("edge_isr_send", stdout=open("/dev/null", "w"))  # noqa: SIM115
        self.assertEqual(self.edge.tags, ["a"])
        self.assertWaiting()


class Named(SimpleTestCase):
    def sender(self, name):
        with override_settings(EDGE_ISR={"SENDER": name}):
            return sender(Config.from_settings())

    def test_what_is_no_sender_is_refused_at_the_start(self):
        for name in ("no.such.function", "celeri", "tests.test_senders.seen"):
            with self.subTest(name), self.assertRaisesMessage(ImproperlyConfigured, "SENDER"):
                self.sender(name)

    @unittest.skipIf(celery, "Celery is installed")
    def test_celery_that_is_not_installed_is_named(self):
        with self.assertRaisesMessage(ImproperlyConfigured, "pip install celery"):
            self.sender("celery")

    @unittest.skipIf(django_tasks, "this Django has tasks")
    def test_a_django_without_tasks_is_named(self):
        with self.assertRaisesMessage(ImproperlyConfigured, "6.0"):
            self.sender("tasks")


@unittest.skipUnless(celery, "pip install celery")
class ByCelery(WithEdge):
    def setUp(self):
        super().setUp()
        self.configure(SENDER="celery")
        self.app = celery.Celery("tests", broker="memory://", set_as_current=True)
        self.app.set_default()

    def test_the_task_sends_after_the_commit(self):
        self.app.conf.task_always_eager = True
        with transaction.atomic():
            purge("a")
            self.assertEqual(self.edge.asked, [])
        self.assertEqual(self.edge.tags, ["a"])
        self.assertWaiting()

    def test_a_worker_finds_the_task(self):
        self.app.autodiscover_tasks(["edge_isr"], force=True)
        self.assertIn("edge_isr.send", self.app.tasks)

    def test_the_task_waits_for_a_worker(self):
        purge("a")
        self.assertEqual(self.edge.asked, [])
        self.assertWaiting("a")

    def test_a_broker_that_is_down_breaks_no_save(self):
        self.app.conf.broker_url = "amqp://127.0.0.1:1//"
        self.app.conf.broker_connection_retry = False
        self.app.conf.task_publish_retry = False
        self.app.conf.broker_transport_options = {"max_retries": 0}
        with self.assertLogs("edge_isr", "ERROR"):
            purge("a")
        self.assertWaiting("a")


@unittest.skipUnless(django_tasks, "needs Django 6.0")
class ByTasks(WithEdge):
    def setUp(self):
        super().setUp()
        self.configure(SENDER="tasks")

    def test_the_task_sends_after_the_commit(self):
        backend = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
        with self.settings(TASKS=backend):
            purge("a")
        self.assertEqual(self.edge.tags, ["a"])
        self.assertWaiting()

    def test_the_task_waits_for_a_worker(self):
        backend = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
        with self.settings(TASKS=backend):
            purge("a")
            results = django_tasks.default_task_backend.results
        self.assertEqual(
            [each.task.module_path for each in results], ["edge_isr.django_tasks.send"]
        )
        self.assertEqual(self.edge.asked, [])
