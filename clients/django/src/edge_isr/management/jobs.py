"""What the commands share: a purge that is sent at once, and the progress of a warmup."""

import time
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from edge_isr import edge, outbox, sending
from edge_isr.config import Config

LOOK_EVERY = 1.0
"""Seconds between two looks at a warmup."""
_LOG_EVERY = 5.0
_PATIENCE = 60.0
"""Seconds for which the edge may not answer while a warmup is looked at."""


def purge_now(
    stdout: OutputWrapper, database: str, *, waits: bool, tags: Iterable[str] = (), **purge: Any
) -> None:
    """Purges, sends the outbox, and shows the warmup that follows. Raises CommandError.

    A purge that the edge does not take waits in the outbox.
    """
    config = Config.from_settings()
    try:
        outbox.purge(*tags, using=database, sends=False, **purge)
    except (TypeError, ValueError) as error:
        raise CommandError(f"{error}") from error
    if not config.url:
        waiting = sending.waiting(database)
        raise CommandError(
            f"EDGE_ISR['URL'] is not set, so nothing was sent. {waiting} purges wait in the outbox."
        )
    try:
        sent = sending.send_pending(database, config)
    except edge.NotTaken as problem:
        waiting = sending.waiting(database)
        raise CommandError(f"{waiting} purges wait in the outbox: {problem}.") from problem
    stdout.write(f"The edge has taken {sent.selectors} tags and URLs.")
    for job in sent.jobs:
        show(stdout, config, job, waits=waits)


def show(stdout: OutputWrapper, config: Config, job: str, *, waits: bool) -> None:
    """Shows a warmup until its end, if it waits. Raises CommandError if a page is not warm."""
    if not waits:
        stdout.write(f"Warmup {job} has started. To look at it: edge_isr_status --job {job}")
        return
    progress = _Progress(stdout)
    report, seen = _report(config, job), time.monotonic()
    while "done_at" not in report:
        progress.show(report)
        time.sleep(LOOK_EVERY)
        try:
            report, seen = _report(config, job), time.monotonic()
        except edge.Unavailable as problem:
            if time.monotonic() - seen > _PATIENCE:
                raise CommandError(f"Warmup {job} may go on: {problem}.") from problem
    progress.show(report, last=True)
    for failure in report.get("failures", []):
        stdout.write(f"  {failure.get('url')}: {failure.get('reason')}")
    if report.get("state") == "stopped":
        raise CommandError(f"Warmup {job} was stopped; {report.get('left')} pages were left.")
    if cold := sum(int(report.get(name, 0)) for name in ("failed", "uncacheable", "skipped")):
        raise CommandError(f"{cold} pages are not warm.")


def line_of(report: dict[str, Any]) -> str:
    """A report in a line. Counts of nothing are left out."""
    so_far = " so far" if report.get("lists_left") else ""
    parts = [f"{report.get('done', 0)} of {report.get('asked', 0)} pages{so_far}"]
    for name in ("stored", "unchanged", "fresh", "uncacheable", "failed", "skipped"):
        if report.get(name):
            parts.append(f"{report[name]} {name}")
    if report.get("paused_until"):
        parts.append(f"the origin wants a pause until {report['paused_until']}")
    elif report.get("estimated_end"):
        parts.append(f"probably done at {report['estimated_end']}")
    return ", ".join(parts)


def _report(config: Config, job: str) -> dict[str, Any]:
    try:
        return edge.job(config, job, config.timeout)
    except edge.Refused as problem:
        raise CommandError(f"{problem}.") from problem


class _Progress:
    """One line that is written anew on a terminal, or a line now and then in a log."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self._stdout = stdout
        self._last = ("", 0.0)

    def show(self, report: dict[str, Any], last: bool = False) -> None:
        line, now = line_of(report), time.monotonic()
        if self._stdout.isatty():
            self._stdout.write(f"\r\x1b[K{line}", ending="\n" if last else "")
            self._stdout.flush()
        elif last or (line != self._last[0] and now - self._last[1] >= _LOG_EVERY):
            self._stdout.write(line)
            self._last = (line, now)
