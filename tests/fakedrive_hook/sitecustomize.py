"""Sends requests for Google's hosts to the simulated Drive at FAKE_DRIVE_URL; on the PYTHONPATH of a test's processes.

Only `httplib2.Http.request` is changed, and only its address: tokens, uploads, retries and errors stay the libraries'.
FAKE_DRIVE_TIMEOUT_SECONDS, where it is set, shortens the default timeout of sockets, so that no test waits a minute.
"""

import importlib.abc
import importlib.util
import os
import socket
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

GOOGLE = ("https://www.googleapis.com", "https://oauth2.googleapis.com", "https://accounts.google.com")


class Redirect(importlib.abc.MetaPathFinder):
    """Changes httplib2 as soon as it is imported."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != "httplib2":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_and_change(module: ModuleType) -> None:
            load(module)
            real = module.Http.request

            def request(http: Any, uri: str, *arguments: Any, **options: Any) -> Any:
                for host in GOOGLE:
                    uri = uri.replace(host, os.environ["FAKE_DRIVE_URL"], 1) if uri.startswith(host) else uri
                return real(http, uri, *arguments, **options)

            module.Http.request = request

        spec.loader.exec_module = load_and_change  # type: ignore[method-assign]
        return spec


if "FAKE_DRIVE_URL" in os.environ:
    sys.meta_path.insert(0, Redirect())

if "FAKE_DRIVE_TIMEOUT_SECONDS" in os.environ:
    _set_timeout, _longest = socket.setdefaulttimeout, float(os.environ["FAKE_DRIVE_TIMEOUT_SECONDS"])
    socket.setdefaulttimeout = lambda seconds: _set_timeout(min(seconds or _longest, _longest))
