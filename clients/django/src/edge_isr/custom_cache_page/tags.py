"""Tags as django-custom-cache-page writes them: a space within a tag becomes a hyphen."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from ..outbox import purge

Name = str | Callable[[Any], str]


@dataclass(frozen=True)
class Versioned:
    """A tag as versioned() returns it. Here it is a tag like any other: each purge takes one write,
    whatever the number of pages."""

    name: Name
    timeout: int = 864000
    """Without effect: tags of the edge do not expire."""

    def resolve_name(self, request: Any) -> str:
        return self.name(request) if callable(self.name) else self.name


Tag = str | Callable[[Any], str | list[str] | None] | Versioned


def versioned(name: Name, timeout: int = 864000) -> Versioned:
    """The tag of this name, or of the name that a function of the request returns."""
    return Versioned(name, timeout)


def invalidate_tag(tag: str, backend: str | None = None) -> int:
    """Purges the pages with this tag, after the current transaction. Returns 1.

    `backend` has no effect. Raises ValueError for what cannot be a tag.
    """
    return invalidate_tags([tag], backend)


def invalidate_tags(tags: Iterable[str], backend: str | None = None) -> int:
    """Purges the pages with any of these tags, after the current transaction. Returns the number of
    tags: how many pages there are, only the edge knows."""
    names = SurrogateKeySet(tags).keys
    purge(*names)
    return len(names)


class SurrogateKeySet:
    """Tags in their order, each once."""

    def __init__(self, keys: Iterable[str] | None = None) -> None:
        self._keys: dict[str, None] = {}
        self.add(*(keys or ()))

    def add(self, *keys: str) -> "SurrogateKeySet":
        names = (key.strip().replace(" ", "-") for key in keys if key)
        self._keys.update(dict.fromkeys(name for name in names if name))
        return self

    @property
    def keys(self) -> list[str]:
        return list(self._keys)

    def to_header(self) -> str:
        return " ".join(self._keys)

    @classmethod
    def from_header(cls, header_value: str) -> "SurrogateKeySet":
        return cls(header_value.split() if header_value else ())

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def surrogate_from_path(request: HttpRequest) -> str:
    """The tag of a path: "path-api-products-123" for /api/products/123/."""
    return f"path-{request.path.strip('/').replace('/', '-') or 'root'}"


def surrogate_from_view(view_name: str) -> str:
    """The tag of a view: "view-product_detail"."""
    return f"view-{view_name}"


def surrogate_from_model(model_name: str, pk: str | int | None = None) -> str:
    """The tag of a model, "model-product", or of one row of it, "model-product-123"."""
    name = f"model-{model_name.lower()}"
    return name if pk is None else f"{name}-{pk}"


def surrogate_from_user(request: HttpRequest) -> str | None:
    """The tag of a user who is logged in: "user-123". None for others."""
    user: Any = getattr(request, "user", None)
    return f"user-{user.pk}" if getattr(user, "is_authenticated", False) else None


def surrogate_from_query_params(
    request: HttpRequest, params: Iterable[str] | None = None
) -> list[str]:
    """The tags of the query's parameters that have values: "param-category-shoes"."""
    names = list(request.GET) if params is None else params
    return [f"param-{name}-{request.GET[name]}" for name in names if request.GET.get(name)]
