"""An action for the admin's lists: purge what is selected."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest

from ..changes.rows import TagsError, watched_kin
from ..outbox import purge
from ..sending import waiting


class PurgeAtEdgeMixin:
    """A ModelAdmin with the action “Purge at the edge”, for those who may change the rows.

    It purges the tags that watch() names for each row. A class with actions of its own adds
    "purge_at_edge" to them.
    """

    actions = ["purge_at_edge"]

    @admin.action(description="Purge at the edge", permissions=["change"])
    def purge_at_edge(self, request: HttpRequest, queryset: Any) -> None:
        """Purges the pages that show the selected rows."""
        watches = watched_kin(queryset.model)
        if not watches:
            label = queryset.model._meta.label
            self._say(request, f"No watch() names the tags of {label}.", messages.ERROR)
            return
        using, pks = queryset.db, list(queryset.values_list("pk", flat=True))
        try:
            named = [each.tags_of(pks, using, of=queryset.model) for each in watches]
        except TagsError as error:
            self._say(request, str(error), messages.ERROR)
            return
        tags = list(dict.fromkeys(tag for tags in named for tag in tags))
        with transaction.atomic(using=using):
            purge(*tags, using=using)
        if left := waiting(using):
            text = f"{len(tags)} tags are to be purged; {left} purges wait in the outbox."
            self._say(request, text, messages.WARNING)
        else:
            self._say(request, f"The edge has purged {len(tags)} tags.", messages.SUCCESS)

    def _say(self, request: HttpRequest, text: str, level: int) -> None:
        self.message_user(request, text, level)  # type: ignore[attr-defined]
