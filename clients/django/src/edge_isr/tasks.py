"""The Celery task that sends the outbox. Celery's workers find it by autodiscover_tasks()."""

from celery import shared_task


@shared_task(name="edge_isr.send", ignore_result=True)
def send(using: str) -> None:
    """Sends what waits in the outbox of this database."""
    from .sending import send_now

    send_now(using)
