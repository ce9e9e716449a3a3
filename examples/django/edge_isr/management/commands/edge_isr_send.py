from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from edge_isr import edge, outbox
from edge_isr.config import Config


class Command(BaseCommand):
    help = "Sends the purges that wait in the outbox. Run it every minute or so."

    def add_arguments(self, parser):
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="whose outbox to send")

    def handle(self, *, database, **options):
        config = Config.from_settings()
        if not config.url:
            raise CommandError(
                f"{outbox.waiting(database)} purges wait; EDGE_ISR['URL'] is not set."
            )
        try:
            sent = outbox.send_pending(database, config)
        except edge.NotTaken as problem:
            raise CommandError(f"{outbox.waiting(database)} purges wait: {problem}.") from problem
        self.stdout.write(f"Sent {sent.tags} tags in {sent.requests} requests. Nothing waits.")
