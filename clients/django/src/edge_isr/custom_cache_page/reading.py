"""What a function reads of a request: the URL, request fields, or what is one visitor's."""

from collections.abc import Iterator, Mapping
from typing import Any

_OF_THE_URL = frozenset(
    (
        "GET",
        "build_absolute_uri",
        "encoding",
        "get_full_path",
        "get_full_path_info",
        "get_host",
        "get_port",
        "is_secure",
        "method",
        "path",
        "path_info",
        "resolver_match",
        "scheme",
        "urlconf",
    )
)
_META_OF_THE_URL = frozenset(
    (
        "HTTP_HOST",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PROTO",
        "PATH_INFO",
        "QUERY_STRING",
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "wsgi.url_scheme",
    )
)
_OF_ONE_VISITOR = frozenset(("authorization", "cookie"))


class RequestReader:
    """A request that notes what is read of it. A function that is given it sees the request."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self.fields_read: set[str] = set()
        """The names of request fields, in lower case."""
        self.read_of_visitor: list[str] = []
        """What else was read, by its name: "user"."""

    # For functions that look whether they are given a request.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._request)

    @property
    def headers(self) -> Mapping[str, str]:
        return _Headers(self)

    @property
    def META(self) -> Mapping[str, Any]:
        return _Meta(self)

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_THE_URL:
            self.read_of_visitor.append(name)
        return getattr(self._request, name)

    def note_field(self, name: str) -> None:
        """Notes that the field of this name was read."""
        name = name.lower()
        if name in _OF_ONE_VISITOR:
            self.read_of_visitor.append(name)
        elif name not in ("host", "x-forwarded-host", "x-forwarded-proto"):
            self.fields_read.add(name)


class _Noting(Mapping[str, Any]):
    def __init__(self, reader: RequestReader, values: Mapping[str, Any]) -> None:
        self._reader = reader
        self._values = values

    def note(self, name: str) -> None:
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        self.note(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        # All of them, the cookie included.
        self._reader.read_of_visitor.append("headers")
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Headers(_Noting):
    def __init__(self, reader: RequestReader) -> None:
        super().__init__(reader, reader._request.headers)

    def note(self, name: str) -> None:
        self._reader.note_field(name)


class _Meta(_Noting):
    def __init__(self, reader: RequestReader) -> None:
        super().__init__(reader, reader._request.META)

    def note(self, name: str) -> None:
        if name in _META_OF_THE_URL:
            return
        if name.startswith("HTTP_"):
            self._reader.note_field(name[5:].replace("_", "-"))
        else:
            self._reader.read_of_visitor.append(f"META[{name!r}]")
