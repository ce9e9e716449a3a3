from django.db import models


class PendingPurge(models.Model):
    """A tag that the edge has still to be told of: one row of the outbox.

    It is written in the transaction that changed what the tag stands for, and deleted, by its own
    id, once the edge has confirmed it. A tag may stand in many rows, which are never merged: one
    that is on its way to the edge says nothing of what is committed after it left.
    """

    class Mode(models.TextChoices):
        SOFT = "soft"
        """The old page is served while the edge fetches the new one."""
        HARD = "hard"
        """The old page is not served any more."""

    tag = models.CharField(max_length=1024)
    mode = models.CharField(max_length=4, choices=Mode.choices, default=Mode.SOFT)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.tag} ({self.mode})"
