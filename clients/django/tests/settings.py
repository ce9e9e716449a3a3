"""The settings under which the tests run."""

from pathlib import Path

SECRET_KEY = "only-for-tests"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "edge_isr",
    "tests.shop.apps.ShopConfig",
]
MIDDLEWARE = ["edge_isr.middleware.EdgeISRMiddleware"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(__file__).parent / "db.sqlite3",
        "OPTIONS": {"timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True
# Most tests have an edge of their own.
SILENCED_SYSTEM_CHECKS = ["edge_isr.W002"]
