"""python docs/make_reference.py: writes reference.md, beside it, from the docstrings."""

import inspect
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from textwrap import indent

PACKAGE = Path(__file__).resolve().parents[1]
REFERENCE = Path(__file__).with_name("reference.md")

# What a site uses, by the module from which it imports it.
NAMES = {
    "edge_isr": [
        "edge_cache",
        "add_tags",
        "watch",
        "watching",
        "purge",
        "apurge",
        "isr",
        "tag",
        "revalidate_by_tags",
        "revalidate_by_urls",
        "isr_fragment",
    ],
    "edge_isr.middleware": ["EdgeISRMiddleware"],
    "edge_isr.changes": ["WatchedManager", "WatchedQuerySet", "TagsError"],
    "edge_isr.templatetags.edge_isr": ["isrcache"],
    "edge_isr.site_cache": [
        "UpdateCacheMiddleware",
        "FetchFromCacheMiddleware",
        "cache_page",
    ],
    "edge_isr.custom_cache_page": [
        "cache_page",
        "versioned",
        "invalidate_tag",
        "invalidate_tags",
        "surrogate_from_path",
        "surrogate_from_view",
        "surrogate_from_model",
        "surrogate_from_user",
        "surrogate_from_query_params",
        "generate_cache_key",
        "generate_query_params_cache_key",
        "hash_key",
    ],
    "edge_isr.dumper": ["register"],
    "edge_isr.dumper.middleware": ["CacheMiddleware"],
    "edge_isr.roan": ["purge"],
    "edge_isr.admin": ["PurgeAtEdgeMixin"],
    "edge_isr.testing": ["WithEdge", "FakeEdge", "take", "take_but", "refuse", "hang_up"],
}


def reference():
    """The whole text."""
    parts = [
        "# Reference",
        "What the modules of the package offer, from their docstrings. "
        "[The README](../README.md) tells how they work together.",
    ]
    for module, names in NAMES.items():
        parts.append(f"## `{module}`")
        for name in names:
            parts += described(name, getattr(import_module(module), name))
    return "\n\n".join(parts) + "\n"


def described(name, what):
    """The heading and the text of a name."""
    shown = f"class {name}" if inspect.isclass(what) else f"{name}{signature(what)}"
    text = inspect.getdoc(what) or ""
    if what.__module__.startswith("django."):
        text = "Django's manager of a WatchedQuerySet."
    return [f"### `{name}`", indent(shown, "    "), indent(text, "    ")]


def signature(function):
    """Without the types, which the source has."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return "(…)"
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return re.sub(r"<function .*?>", "…", str(inspect.Signature(bare)))


if __name__ == "__main__":
    sys.path[:0] = [str(PACKAGE / "src"), str(PACKAGE)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    REFERENCE.write_text(reference(), encoding="utf-8")
