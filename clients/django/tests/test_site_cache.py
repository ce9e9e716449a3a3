"""Django's own cache of pages, and purges."""

import time
from unittest import mock

from django.core.cache import cache
from django.http import HttpResponse
from django.test import RequestFactory

from edge_isr import add_tags, edge_cache, purge
from edge_isr.middleware import EdgeISRMiddleware
from edge_isr.site_cache import FetchFromCacheMiddleware, UpdateCacheMiddleware, cache_page
from edge_isr.testing import WithEdge


class SiteCache(WithEdge):
    def setUp(self):
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)
        self.rendered = 0

    def view(self, request):
        self.rendered += 1
        return HttpResponse(f"page {self.rendered}")

    def ask(self, view=None, path="/"):
        view = view or self.view
        site = EdgeISRMiddleware(UpdateCacheMiddleware(FetchFromCacheMiddleware(view)))
        return site(RequestFactory().get(path))

    def test_a_page_is_kept_until_a_purge(self):
        self.assertEqual([self.ask().content for _ in range(2)], [b"page 1"] * 2)
        purge("any")
        self.assertEqual([self.ask().content for _ in range(2)], [b"page 2"] * 2)

    def test_a_page_that_was_being_made_during_a_purge_is_not_found_after_it(self):
        def view(request):
            self.rendered += 1
            if self.rendered == 1:
                purge("any")
            return HttpResponse(f"page {self.rendered}")

        self.assertEqual(self.ask(view).content, b"page 1")
        self.assertEqual(self.ask(view).content, b"page 2")

    def test_the_page_is_new_when_the_edge_is_told(self):
        self.ask()
        seen = []
        answer = self.edge.answer

        def look(asked):
            seen.append(self.ask().content)
            return answer(asked)

        self.edge.answer = look
        purge("any")
        self.assertEqual(seen, [b"page 2"])

    def test_a_view_that_is_decorated_is_kept_until_a_purge(self):
        view = cache_page(60)(self.view)

        def ask():
            return EdgeISRMiddleware(view)(RequestFactory().get("/")).content

        self.assertEqual([ask(), ask()], [b"page 1"] * 2)
        purge("any")
        self.assertEqual(ask(), b"page 2")

    def test_pages_of_two_urls_are_two(self):
        self.assertEqual(self.ask(path="/a").content, b"page 1")
        self.assertEqual(self.ask(path="/b").content, b"page 2")
        self.assertEqual(self.ask(path="/a").content, b"page 1")

    def test_a_page_that_django_serves_says_how_old_it_is(self):
        self.ask()
        with mock.patch("time.time", return_value=time.time() + 100):
            kept = self.ask()
        self.assertEqual(kept.content, b"page 1")
        self.assertIn(kept["Age"], ("99", "100", "101"))

    def test_a_page_for_the_edge_is_not_kept_twice(self):
        @edge_cache(tags=["a"], s_maxage=60)
        def view(request):
            return self.view(request)

        self.assertEqual(self.ask(view).content, b"page 1")
        self.assertEqual(self.ask(view).content, b"page 2")

    def test_a_page_for_the_edge_and_for_browsers_keeps_its_tags(self):
        @edge_cache(tags=["a"], s_maxage=60, max_age=30)
        def view(request):
            add_tags(request, "b")
            return self.view(request)

        first, kept = self.ask(view), self.ask(view)
        self.assertEqual(kept.content, b"page 1")
        self.assertEqual(kept["Cache-Tag"], "a,b")
        self.assertEqual(kept["Cache-Control"], first["Cache-Control"])
