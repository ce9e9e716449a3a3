"""Two articles: one for all, and one that its owner alone may read."""

from django.contrib.auth.models import User
from wiki.models import URLPath

editor = User.objects.create_superuser("Editor", "editor@example.com", "password-of-Editor")
root = URLPath.create_root(title="Breads", content="Rye bread is sour.")
URLPath.create_urlpath(
    root,
    "ledger",
    title="Ledger",
    article_kwargs={"owner": editor, "other_read": False},
    content="secret ledger",
)
