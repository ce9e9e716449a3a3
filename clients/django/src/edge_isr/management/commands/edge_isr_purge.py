from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from edge_isr.management.jobs import purge_now


class Command(BaseCommand):
    help = "Purges pages at the edge: by tag, URL, path prefix or host, or all of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tags", nargs="*", metavar="TAG")
        parser.add_argument("--url", action="append", default=[], help="a page, or a path")
        parser.add_argument("--prefix", action="append", default=[], help="paths below it: /blog")
        parser.add_argument("--host", action="append", default=[], help="all pages of a host")
        parser.add_argument("--everything", action="store_true", help="all pages")
        parser.add_argument(
            "--hard", action="store_true", help="take the pages out; do not show the old ones"
        )
        parser.add_argument(
            "--warm", action="store_true", default=None, help="have the edge fetch them at once"
        )
        parser.add_argument("--no-wait", action="store_true", help="do not wait for the warmup")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="whose outbox to use")

    def handle(self, *args: Any, **options: Any) -> None:
        lists = ("tags", "url", "prefix", "host")
        if not options["everything"] and not any(options[name] for name in lists):
            raise CommandError("Name what to purge: tags, --url, --prefix, --host or --everything.")
        purge_now(
            self.stdout,
            options["database"],
            waits=not options["no_wait"],
            tags=options["tags"],
            urls=options["url"],
            prefixes=options["prefix"],
            hosts=options["host"],
            everything=options["everything"],
            mode="hard" if options["hard"] else "soft",
            warm=options["warm"],
        )
