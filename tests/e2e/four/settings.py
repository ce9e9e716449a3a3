import os

FOUR = os.environ["FOUR"]
DEBUG = False
SECRET_KEY = "for-this-test-alone"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_X_FORWARDED_HOST = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "edge_isr",
    "shop",
]
FIRST = {
    "dumper": "edge_isr.dumper.middleware.CacheMiddleware",
}
MIDDLEWARE = [
    FIRST.get(FOUR, "edge_isr.middleware.EdgeISRMiddleware"),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
EDGE_ISR = {"URL": os.environ.get("EDGE_URL", ""), "TOKEN": os.environ.get("EDGE_TOKEN", "")}
if FOUR == "isr":
    EDGE_ISR["DEFAULTS"] = {"s_maxage": 300, "stale_while_revalidate": 3600}
    EDGE_ISR["REDIS_URL"] = "redis://localhost:6379/0"
if FOUR == "roan":
    ROAN_PURGE_URL = EDGE_ISR.pop("URL")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", "db.sqlite3"),
        "OPTIONS": {"timeout": 20},
    }
}
