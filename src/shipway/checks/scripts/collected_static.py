"""Static files for Django's tests, as a deployment has them.

A storage that names files by their content (ManifestStaticFilesStorage, WhiteNoise's) knows only
what `collectstatic` has given it: every page with a static file is an error before. Hosts run that
when they build a release. For tests it is done in a folder of their own, so that the working tree
stays as it is.

Used by the programs beside it, which run where Shipway is not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_static(folder: str) -> Iterator[None]:
    """Have the static files in a folder for as long as the block takes, where the settings name
    such a storage of this machine. What `collectstatic` complains of is printed: the tests show
    whether it matters."""
    if not _has_static_files():
        yield
        return
    from django.contrib.staticfiles import storage
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError, call_command
    from django.test import override_settings

    with override_settings(STATIC_ROOT=folder):
        by_content = isinstance(storage.staticfiles_storage, storage.ManifestFilesMixin)
        here = isinstance(storage.staticfiles_storage, storage.StaticFilesStorage)
        if by_content and here:
            try:
                call_command("collectstatic", interactive=False, verbosity=0)
            except (CommandError, ImproperlyConfigured, OSError, ValueError) as error:
                sys.stderr.write(f"collectstatic: {type(error).__name__}: {error}\n")
        yield


def _has_static_files() -> bool:
    """Whether Django is there, set up, and has an application for static files."""
    if "django" not in sys.modules:
        return False
    from django.apps import apps
    from django.conf import settings

    return bool(
        settings.configured and apps.ready and apps.is_installed("django.contrib.staticfiles")
    )
