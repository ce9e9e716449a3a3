"""What `manage.py check` says, and what it does not."""

import tempfile
from importlib import metadata
from pathlib import Path
from unittest import mock

from django.core import checks
from django.test import SimpleTestCase, override_settings

from edge_isr.testing import WithEdge, hang_up, refuse

MIDDLEWARE = "edge_isr.middleware.EdgeISRMiddleware"
DUMPER = "edge_isr.dumper.middleware.CacheMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
SHARED = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def found(deploy=False):
    """The ids of this package's messages, with their texts."""
    messages = checks.run_checks(include_deployment_checks=deploy)
    ours = [each for each in messages if (each.id or "").startswith("edge_isr.")]
    return {each.id.partition(".")[2]: f"{each.msg} {each.hint}" for each in ours}


@override_settings(
    EDGE_ISR={"URL": "https://www.example.com", "TOKEN": "t"},
    MIDDLEWARE=[MIDDLEWARE],
    CACHES=SHARED,
)
class Settings(SimpleTestCase):
    def test_a_site_without_faults_has_no_message(self):
        self.assertEqual(found(), {})

    def test_a_middleware_that_is_not_first(self):
        for given, ids in (
            ([GZIP, MIDDLEWARE], {"W001"}),
            ([], {"W001"}),
            ([DUMPER, GZIP], set()),
            (["no.such.Middleware"], {"W001"}),
        ):
            with self.subTest(given), self.settings(MIDDLEWARE=given):
                self.assertEqual(set(found()), ids)

    def test_no_edge(self):
        with self.settings(EDGE_ISR={}):
            self.assertIn("wait in the outbox", found()["W002"])

    def test_a_cache_that_keeps_pages_over_a_purge(self):
        name = "django.middleware.cache.UpdateCacheMiddleware"
        with self.settings(MIDDLEWARE=[MIDDLEWARE, name]):
            self.assertIn("edge_isr.site_cache.UpdateCacheMiddleware", found()["W003"])

    def test_a_cache_of_one_process(self):
        local = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        with self.settings(CACHES=local):
            self.assertNotIn("W005", found())
            with mock.patch("edge_isr.edge.status"):
                self.assertIn("LocMemCache", found(deploy=True)["W005"])
        with self.settings(CACHES=local, DEBUG=True), mock.patch("edge_isr.edge.status"):
            self.assertEqual(found(deploy=True), {})

    def test_the_package_that_it_replaces(self):
        with mock.patch.object(metadata, "distribution"):
            self.assertIn("pip uninstall django-edge-isr", found()["E001"])

    def test_a_session_cookie_that_the_edge_does_not_know(self):
        sessions = "django.contrib.sessions.middleware.SessionMiddleware"
        with self.settings(SESSION_COOKIE_NAME="sid"):
            self.assertEqual(found(), {})
            with self.settings(MIDDLEWARE=[MIDDLEWARE, sessions]):
                self.assertIn("LOGIN_COOKIES", found()["W008"])

    def test_settings_that_have_no_effect(self):
        given = {"URL": "https://www.example.com", "TOKEN": "t", "CDN": {}, "REDIS_URL": "x"}
        with self.settings(EDGE_ISR=given):
            self.assertIn("no effect", found()["I001"])


class BaseTemplates(SimpleTestCase):
    def messages(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                Path(folder, f"{name}.html").write_text(text)
            engine = {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [folder],
            }
            with self.settings(TEMPLATES=[engine], DEBUG=True, MIDDLEWARE=[MIDDLEWARE]):
                return found()

    def test_a_base_template_with_the_token_is_named(self):
        for token in ("{% csrf_token %}", "{{ csrf_token }}", "{{csrf_token|safe}}"):
            with self.subTest(token):
                messages = self.messages(base=token, page='{% extends "base.html" %}')
                self.assertIn("base.html", messages["W004"])

    def test_a_template_that_none_extends_may_have_it(self):
        messages = self.messages(
            form="{% csrf_token %}", base="x", page="{% extends 'base.html' %}"
        )
        self.assertNotIn("W004", messages)


@override_settings(MIDDLEWARE=[MIDDLEWARE], CACHES=SHARED)
class Deployment(WithEdge):
    def test_an_edge_that_answers(self):
        self.edge.answer = lambda asked: (200, {"tag": "edge_isr-check", "urls": []})
        self.assertEqual(set(found(deploy=True)) - {"W007"}, set())
        self.assertEqual(self.edge.asked[0].method, "GET")

    def test_an_edge_without_https(self):
        self.edge.answer = lambda asked: (200, {"tag": "edge_isr-check", "urls": []})
        self.assertIn("https", found(deploy=True)["W007"])

    def test_an_edge_that_does_not_answer_as_one(self):
        table = {
            "cannot be reached": hang_up,
            "not one of the edge's PURGE_TOKENS": refuse(401),
            "is not the edge": lambda asked: (200, b"<html>"),
            "leads to something": refuse(404),
        }
        for words, answer in table.items():
            self.edge.answer = answer
            with self.subTest(words):
                self.assertIn(words, found(deploy=True)["W006"])

    def test_it_is_asked_at_a_deployment_only(self):
        found()
        self.assertEqual(self.edge.asked, [])
