"""edge-isr for Django: say what a page depends on, and purge it at the edge when that changes.

    pages        edge_cache(), isr() and add_tags(): what a page says to the edge
    middleware   EdgeISRMiddleware writes the headers of each page
    changes      watch() and watching(): purges when rows change
    outbox       purge(): rows that are committed with the change
    sending      sends them to the edge after the commit
    edge         the requests to the edge
    tags         how a tag is spelt
    config       the EDGE_ISR setting
    fragments    isr_fragment() and {% isrcache %}: parts of pages that this site keeps
    site_cache   Django's own cache of pages, which purges end
    versions     what this site keeps in Django's own cache, and how a purge ends it

Three packages stand beside it, for sites that used the packages of these names:
custom_cache_page, dumper and roan.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .changes import watch as watch
    from .changes import watching as watching
    from .fragments import isr_fragment as isr_fragment
    from .outbox import apurge as apurge
    from .outbox import purge as purge
    from .outbox import revalidate_by_tags as revalidate_by_tags
    from .outbox import revalidate_by_urls as revalidate_by_urls
    from .pages import add_tags as add_tags
    from .pages import edge_cache as edge_cache
    from .pages import isr as isr
    from .tags import tag as tag

__version__ = "0.1.0"

_MODULE_OF = {
    "add_tags": "pages",
    "apurge": "outbox",
    "edge_cache": "pages",
    "isr": "pages",
    "isr_fragment": "fragments",
    "purge": "outbox",
    "revalidate_by_tags": "outbox",
    "revalidate_by_urls": "outbox",
    "tag": "tags",
    "watch": "changes",
    "watching": "changes",
}

__all__ = [  # noqa: PLE0604
    *_MODULE_OF,
]


def __getattr__(name: str) -> object:
    """Imports a name when it is first used: the models exist only once Django has loaded them."""
    if name not in _MODULE_OF:
        raise AttributeError(f"edge_isr has no {name!r}; it has {', '.join(_MODULE_OF)}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
