"""python tests/manage.py test: the tests of the package. They need no edge and no free port."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The package as it lies here, and not one that is installed.
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    given = sys.argv[1:]
    if given[:1] == ["test"] and all(each.startswith("-") for each in given[1:]):
        given = [*given, "tests"]
    execute_from_command_line([sys.argv[0], *given])
