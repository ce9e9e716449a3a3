from django.apps import AppConfig


class EdgeIsrWagtailConfig(AppConfig):
    name = "edge_isr.wagtail"
    label = "edge_isr_wagtail"
    verbose_name = "edge-isr for Wagtail"

    def ready(self) -> None:
        from .purging import watch_wagtail

        watch_wagtail()
