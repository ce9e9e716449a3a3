"""edge-isr for Django: say what a page depends on, purge it when that changes.

    config    the EDGE_ISR setting
    tags      how a tag is spelt
    pages     @edge_cache, tag() and the middleware: the headers of a page
    watching  watch(): purges when a row changes
    outbox    purge(): rows that are committed with the change and sent after it
    edge      the request to the edge

Copy this directory into your project. The README beside manage.py says how to use it.
"""
