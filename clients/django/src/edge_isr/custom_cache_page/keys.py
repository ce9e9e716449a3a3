"""Keys of pages, by their URLs."""

import hashlib

from django.http import HttpRequest


def generate_query_params_cache_key(request: HttpRequest) -> str:
    """A key made of the query's parameters, whatever their order."""
    names = sorted(request.GET, key=str.lower)
    return "-".join(f"{name}:{request.GET[name]}" for name in names)


def generate_cache_key(request: HttpRequest) -> str:
    """A key made of the path and the query's parameters."""
    return f"{generate_query_params_cache_key(request)}-{request.path.replace('-', '')}"


def hash_key(key: str) -> str:
    """A key of a fixed length."""
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
