"""The admin: the outbox, read-only, and an action that purges rows of your own models.

class PostAdmin(PurgeAtEdgeMixin, admin.ModelAdmin): ...
"""

from .actions import PurgeAtEdgeMixin
from .outbox import PendingPurgeAdmin

__all__ = ["PendingPurgeAdmin", "PurgeAtEdgeMixin"]
