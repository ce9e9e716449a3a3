from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from edge_isr import edge
from edge_isr.config import Config
from edge_isr.management.jobs import show
from edge_isr.outbox import absolute


class Command(BaseCommand):
    help = "Has the edge fetch pages before a visitor asks for them. Fresh pages are left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("urls", nargs="+", metavar="URL", help="a page, or a path")
        parser.add_argument("--no-wait", action="store_true", help="do not wait for the warmup")

    def handle(self, *args: Any, **options: Any) -> None:
        config = Config.from_settings()
        try:
            urls = [absolute(url, config) for url in options["urls"]]
            report = edge.warm(config, config.timeout, urls=urls)
        except (edge.NotTaken, ValueError) as problem:
            raise CommandError(f"Nothing is warmed: {problem}.") from problem
        show(self.stdout, config, str(report["id"]), waits=not options["no_wait"])
