from django.apps import AppConfig
from django.core import checks


class EdgeIsrConfig(AppConfig):
    name = "edge_isr"
    verbose_name = "edge-isr"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from .config import Config

        # An unreadable setting stops the server at its start, and not the first save.
        Config.from_settings()
        checks.register(check_middleware)


def check_middleware(app_configs, **kwargs):
    """Without the middleware no page gets its headers; behind another one, a 304 loses its tags."""
    from django.conf import settings

    if list(settings.MIDDLEWARE)[:1] == ["edge_isr.pages.EdgeIsrMiddleware"]:
        return []
    return [
        checks.Warning(
            "edge_isr.pages.EdgeIsrMiddleware is not the first of MIDDLEWARE.",
            hint="Put it first, so that it sees each response as it leaves.",
            id="edge_isr.W001",
        )
    ]
