"""What sends the outbox after a commit: EDGE_ISR["SENDER"].

    "inline"    the process that made the change, for TIMEOUT seconds at most
    "celery"    a Celery task, edge_isr.tasks.send
    "tasks"     a task of Django's own framework, edge_isr.django_tasks.send (Django 6.0 and later)
    "a.b.c"     a function of yours, which gets the alias of the database

The outbox is the same with each of them: a sender that fails loses nothing, and `manage.py
edge_isr_send` sends what waits.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .config import Config

Sender = Callable[[str], Any]


def sender(config: Config) -> Sender:
    """The function that sends. Raises ImproperlyConfigured with what to change."""
    built_in: dict[str, Callable[[], Sender]]
    built_in = {"inline": _inline, "celery": _celery, "tasks": _tasks}
    if config.sender in built_in:
        return built_in[config.sender]()
    try:
        found = import_string(config.sender)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"EDGE_ISR['SENDER'] is {config.sender!r}, which cannot be imported ({error}); "
            f"it must be {', '.join(built_in)} or the path of a function."
        ) from error
    if not callable(found):
        raise ImproperlyConfigured(f"EDGE_ISR['SENDER'] is {config.sender!r}, no function.")
    return found  # type: ignore[no-any-return]


def _inline() -> Sender:
    from .sending import send_now

    return send_now


def _celery() -> Sender:
    try:
        from .tasks import send
    except ImportError as error:
        raise ImproperlyConfigured(
            "EDGE_ISR['SENDER'] is 'celery', which is not installed: pip install celery."
        ) from error
    return send.delay  # type: ignore[no-any-return,unused-ignore]


def _tasks() -> Sender:
    try:
        from .django_tasks import send
    except ImportError as error:
        raise ImproperlyConfigured(
            "EDGE_ISR['SENDER'] is 'tasks', which Django has from version 6.0 on: use 'inline'."
        ) from error
    return send.enqueue  # type: ignore[no-any-return,unused-ignore]
