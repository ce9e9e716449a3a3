from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DEFAULT_DB_ALIAS

from edge_isr.management.jobs import purge_now


class Command(BaseCommand):
    help = "Makes the pages with these tags stale at the edge, so that they are fetched again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tags", nargs="+", help="tags like post:42 category:7")
        parser.add_argument(
            "--warm", action="store_true", default=None, help="have the edge fetch them at once"
        )
        parser.add_argument("--no-wait", action="store_true", help="do not wait for the warmup")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="whose outbox to use")

    def handle(self, *args: Any, **options: Any) -> None:
        waits, warm = not options["no_wait"], options["warm"]
        purge_now(self.stdout, options["database"], waits=waits, tags=options["tags"], warm=warm)
