"""Wagtail: pages say what they show, and what editors change is purged.

    INSTALLED_APPS = ["edge_isr", …, "edge_isr.wagtail"]     # behind Wagtail's own apps
    MIDDLEWARE = ["edge_isr.middleware.EdgeISRMiddleware", …]
    EDGE_ISR = {…, "DEFAULTS": {"s_maxage": 3600, "stale_while_revalidate": 86400}}

A page has its own tag, and a change purges it, its ancestors, which list it, and the pages that
refer to it by Wagtail's reference index. A page in menus purges all pages. Images, documents and
snippets purge the pages that refer to them.

    tags      which tags a change has
    purging   which changes there are
    hooks     what a page says as it is served
    backend   for WAGTAILFRONTENDCACHE, for code that purges URLs itself
"""
