"""The task of Django's own framework that sends the outbox."""

from django.tasks import task


@task
def send(using: str) -> None:
    """Sends what waits in the outbox of this database."""
    from .sending import send_now

    send_now(using)
