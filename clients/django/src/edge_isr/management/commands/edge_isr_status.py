from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from edge_isr import edge, sending
from edge_isr.config import Config
from edge_isr.management.jobs import line_of
from edge_isr.outbox import absolute


class Command(BaseCommand):
    help = (
        "Shows the pages of a tag, the tags of a page, or a warmup; and what waits in the outbox."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("of", nargs="?", metavar="URL|TAG", help="a URL or path, or a tag")
        parser.add_argument("--job", help="the id of a warmup")
        parser.add_argument("--database", default="default", help="whose outbox to count")

    def handle(self, *args: Any, **options: Any) -> None:
        config, of = Config.from_settings(), options["of"] or ""
        try:
            if options["job"]:
                self._job(config, options["job"])
            elif of.startswith(("/", "http://", "https://")):
                answer = edge.status(config, config.timeout, url=absolute(of, config))
                self._list(f"The tags of {answer.get('url', of)}", answer.get("tags"))
            elif of:
                answer = edge.status(config, config.timeout, tag=of)
                self._list(f"The pages with the tag {of}", answer.get("urls"))
        except edge.NotTaken as problem:
            raise CommandError(f"{problem}.") from problem
        waiting = sending.waiting(options["database"])
        self.stdout.write(f"{waiting} purges wait in the outbox.")

    def _job(self, config: Config, id: str) -> None:
        report = edge.job(config, id, config.timeout)
        self.stdout.write(f"Warmup {id} ({report.get('state')}): {line_of(report)}")
        for failure in report.get("failures", []):
            self.stdout.write(f"  {failure.get('url')}: {failure.get('reason')}")

    def _list(self, title: str, names: Any) -> None:
        if not names:
            # The graph is written behind the visitor's back, and KV shows it a minute later.
            self.stdout.write(f"{title}: none is listed. Lists lag by a minute or more.")
            return
        self.stdout.write(f"{title}:")
        for name in names:
            self.stdout.write(f"  {name}")
