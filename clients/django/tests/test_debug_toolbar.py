"""The panel of Django Debug Toolbar."""

import unittest
from importlib.util import find_spec

from django.http import HttpResponse
from django.test import RequestFactory, SimpleTestCase, modify_settings

from edge_isr import edge_cache

HAS_TOOLBAR = find_spec("debug_toolbar") is not None


@unittest.skipUnless(HAS_TOOLBAR, "pip install django-debug-toolbar")
@modify_settings(INSTALLED_APPS={"append": "debug_toolbar"})
class Panel(SimpleTestCase):
    def panel(self, view):
        from debug_toolbar.toolbar import DebugToolbar

        from edge_isr.debug_toolbar import EdgeIsrPanel

        request = RequestFactory().get("/")
        toolbar = DebugToolbar(request, view)
        panel = EdgeIsrPanel(toolbar, view)
        response = view(request)
        panel.generate_stats(request, response)
        return panel

    def test_it_shows_the_tags_of_the_page(self):
        view = edge_cache(tags=["a<b", "c"], s_maxage=60)(lambda request: HttpResponse())
        panel = self.panel(view)
        self.assertEqual(panel.nav_subtitle, "2 tags")
        self.assertIn("<code>a&lt;b</code>", panel.content)
        self.assertIn("s-maxage=60", panel.content)

    def test_it_says_why_a_page_is_private(self):
        self.assertEqual(
            self.panel(lambda request: HttpResponse()).nav_subtitle, "declares nothing"
        )
        view = edge_cache(tags=lambda request: [1 / 0], s_maxage=60)(lambda request: HttpResponse())
        with self.assertLogs("edge_isr", "ERROR"):
            self.assertIn("ZeroDivisionError", self.panel(view).nav_subtitle)
