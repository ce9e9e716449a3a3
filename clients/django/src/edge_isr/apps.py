from django.apps import AppConfig


class EdgeIsrConfig(AppConfig):
    name = "edge_isr"
    verbose_name = "edge-isr"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks as checks
        from .changes.rows import begin_what_waits
        from .config import Config
        from .senders import sender

        # An unreadable setting stops the server at its start, and not the first save.
        sender(Config.from_settings())
        begin_what_waits()
