"""The outbox in the admin: what the edge has still to be told of."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from .. import edge, sending
from ..config import Config
from ..models import PendingPurge


@admin.register(PendingPurge)
class PendingPurgeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nobody adds, changes or deletes rows here: each stands for a change that was committed."""

    list_display = ("kind", "value", "mode", "warm", "created_at")
    list_filter = ("kind", "mode")
    search_fields = ("value",)
    ordering = ("pk",)
    actions = ["send_now"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Send all that waits now", permissions=["view"])
    def send_now(self, request: HttpRequest, queryset: Any) -> None:
        """Sends the whole outbox: purges are sent in their order."""
        config = Config.from_settings()
        try:
            sent = sending.send_pending(queryset.db, config, config.timeout)
        except (edge.NotTaken, RuntimeError) as problem:
            left = sending.waiting(queryset.db)
            self.message_user(request, f"{left} purges wait: {problem}.", messages.ERROR)
            return
        text = f"The edge has taken {sent.selectors} tags and URLs."
        if sent.broken:
            text += f" {sent.broken} rows stay, because their tags cannot be read: see the log."
        level = messages.WARNING if sent.broken else messages.SUCCESS
        self.message_user(request, text, level)
