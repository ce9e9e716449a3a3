from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from edge_isr import edge, sending
from edge_isr.config import Config


class Command(BaseCommand):
    help = "Sends the purges that wait in the outbox. Run it every minute or so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="whose outbox to send")

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        config = Config.from_settings()
        if not config.url:
            waiting = sending.waiting(database)
            raise CommandError(f"{waiting} purges wait; EDGE_ISR['URL'] is not set.")
        try:
            sent = sending.send_pending(database, config)
        except edge.NotTaken as problem:
            waiting = sending.waiting(database)
            raise CommandError(f"{waiting} purges wait: {problem}.") from problem
        if sent.broken:
            raise CommandError(f"{sent.broken} purges wait, because their tags cannot be read.")
        self.stdout.write(
            f"Sent {sent.selectors} tags and URLs in {sent.requests} requests. Nothing waits."
        )
