from django.db import models


class PendingPurge(models.Model):
    """What the edge has still to be told of: one row of the outbox.

    It is written in the transaction that changed what the tag or URL stands for, and deleted, by
    its own id, once the edge has confirmed it. A tag may stand in many rows, which are never
    merged: one that is on its way to the edge says nothing of what is committed after it left.
    """

    class Kind(models.TextChoices):
        """What `value` is. All but ROW are fields of the edge's purge request."""

        TAG = "tag"
        URL = "url"
        PREFIX = "prefix"
        HOST = "host"
        EVERYTHING = "everything"
        ROW = "row"
        """A row of a watched model, such as blog.post:7. Its tags are read when it is sent."""

    class Mode(models.TextChoices):
        SOFT = "soft"
        """The old page is served while the edge fetches the new one."""
        HARD = "hard"
        """The old page is not served any more."""

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TAG)
    value = models.TextField(blank=True)
    mode = models.CharField(max_length=4, choices=Mode.choices, default=Mode.SOFT)
    warm = models.BooleanField(null=True)
    """Whether the edge fetches the pages again at once. None: its setting WARM_PURGED decides."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "pending purge"

    def __str__(self) -> str:
        return f"{self.kind} {self.value} ({self.mode})".replace("  ", " ")
