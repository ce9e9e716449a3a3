"""A panel of Django Debug Toolbar: what the page says to the edge, or why it is private.

    DEBUG_TOOLBAR_PANELS = [*debug_toolbar.settings.PANELS_DEFAULTS,
                            "edge_isr.debug_toolbar.EdgeIsrPanel"]

The toolbar stands behind EdgeISRMiddleware in MIDDLEWARE, which writes the headers after it. The
panel shows what the middleware will say.
"""

from typing import Any

from debug_toolbar.panels import Panel
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from .pages import is_shareable, page_of


class EdgeIsrPanel(Panel):  # type: ignore[misc]
    """The tags and the Cache-Control of the page."""

    title = "edge-isr"

    @property
    def nav_subtitle(self) -> str:
        stats = self.get_stats()
        return str(stats.get("said", ""))

    @property
    def content(self) -> str:
        stats = self.get_stats()
        tags = format_html_join("", "<li><code>{}</code></li>", ((tag,) for tag in stats["tags"]))
        text = "<p>{}</p><p><code>{}</code></p><ul>{}</ul>"
        return str(format_html(text, stats["said"], stats["cache_control"], tags))

    @property
    def has_content(self) -> bool:
        return True

    def generate_stats(self, request: HttpRequest, response: Any) -> None:
        page = page_of(request)
        said = f"{len(page.tags)} tags"
        if page.refusal:
            said = f"private: {page.refusal}"
        elif not page.cache_control:
            said = "declares nothing"
        elif not is_shareable(request, response):
            said = "private, by its method, status or Cache-Control"
        cache_control = page.cache_control or response.headers.get("Cache-Control", "")
        self.record_stats({"said": said, "tags": page.tags, "cache_control": cache_control})
