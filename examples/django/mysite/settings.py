"""Settings of the example site. Everything that differs between machines is an
environment variable; the README lists them."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def words(variable):
    """A comma-separated environment variable, as a list."""
    return [word.strip() for word in os.environ.get(variable, "").split(",") if word.strip()]


DEBUG = os.environ.get("DJANGO_DEBUG", "1").lower() in ("1", "true", "yes", "on")

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only-for-this-machine" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("With DJANGO_DEBUG=0, set DJANGO_SECRET_KEY to a long random text.")

# The edge. Without a URL, purges wait in the outbox.
EDGE_ISR = {
    "URL": os.environ.get("EDGE_ISR_URL", ""),
    "TOKEN": os.environ.get("EDGE_ISR_TOKEN", ""),
}

# A Worker cannot choose the Host of its own requests, so the edge says in these two headers what
# the visitor asked for. It overwrites whatever a visitor sends in them. Whoever can reach Django
# past the edge can forge them: on a public server, let only the edge through, or drop these lines.
USE_X_FORWARDED_HOST = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *words("DJANGO_ALLOWED_HOSTS")]

# The admin's forms carry the browser's Origin. It is the host of X-Forwarded-Host, port and all,
# and so is accepted; the edge's own address is listed for a proxy that changes the host on the way.
EDGE = urlsplit(EDGE_ISR["URL"])
CSRF_TRUSTED_ORIGINS = words("DJANGO_CSRF_TRUSTED_ORIGINS")
if EDGE.scheme and EDGE.netloc:
    CSRF_TRUSTED_ORIGINS.append(f"{EDGE.scheme}://{EDGE.netloc}")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "edge_isr",
    "blog",
]

MIDDLEWARE = [
    # First, so that it sees each response as it leaves, 304s included.
    "edge_isr.middleware.EdgeISRMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    # Compares If-None-Match with the ETag that a view set: 304 where nothing changed.
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# Only the admin has a login. With its cookie kept to its own path, an editor's browser asks for
# the public pages like anyone's, and sees them from the edge; with it on "/", the edge would pass
# each of the editor's requests through.
SESSION_COOKIE_PATH = "/admin/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DJANGO_DB") or BASE_DIR / "db.sqlite3",
        "OPTIONS": {
            # Readers and the one writer do not block each other; a second writer waits its turn
            # from its first statement on, instead of failing in the middle.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
