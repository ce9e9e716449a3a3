"""How a tag is spelt. Page headers and purges both pass through here, so they always agree."""

from collections.abc import Iterable
from urllib.parse import quote

LENGTH_MAX = 1024
"""Of one tag, in characters. The edge refuses longer ones."""

HEADER_MAX = 16 * 1024
"""Of all tags of a page, in bytes. Longer headers are cut or refused on the way."""

# What a tag may hold: printable ASCII but the comma, which separates tags. "%" stays as it is, so
# that a tag that is already in canonical form is not changed again.
_LEGAL = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != ",")


def tag(namespace: str, ident: object) -> str:
    """The tag of one object: its kind and its id.

    >>> tag("post", 42)
    'post:42'
    """
    if ident is None:
        raise ValueError(f"tag({namespace!r}, None): the object has no id before it is saved")
    return f"{namespace}:{ident}"


def canonical(tag: str) -> str:
    """The tag as it is sent: lower case, because case does not count at the edge, and with
    everything that a tag cannot hold percent-encoded.

    >>> canonical("Author-Zoë, the 2nd")
    'author-zo%c3%ab%2c%20the%202nd'
    """
    if not isinstance(tag, str):
        raise TypeError(f"a tag is a str, not {type(tag).__name__}: {tag!r}")
    text = quote(tag.strip(), safe=_LEGAL).lower()
    if not text:
        raise ValueError("a tag cannot be empty")
    if len(text) > LENGTH_MAX:
        raise ValueError(f"a tag is at most {LENGTH_MAX} characters long: {text[:60]}…")
    return text


def tag_set(tags: Iterable[str]) -> list[str]:
    """Several tags in canonical form, in their order, each once."""
    if isinstance(tags, str):
        raise TypeError(f"this takes a list of tags, not one str: [{tags!r}]")
    if not isinstance(tags, Iterable):
        raise TypeError(f"this takes a list of tags, not {tags!r}")
    return list(dict.fromkeys(canonical(tag) for tag in tags))
