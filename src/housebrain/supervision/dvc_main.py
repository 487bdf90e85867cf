"""`dvc ...` with what its own defaults leave out.

A socket that hangs would hang it for ever. And it takes what a remote holds for what was put there: files are pulled
unseen unless `verify` is set.
"""

import socket
import sys
from typing import Any, NoReturn

from dvc.cli import main
from dvc.config import Config


def run(socket_seconds: float) -> NoReturn:
    """Is `dvc` with this process's arguments; every remote's files are compared with their hashes."""
    socket.setdefaulttimeout(socket_seconds)
    load = Config.load_config_to_level

    def verified(self: Any, level: str | None = None) -> Any:
        loaded = load(self, level)
        if level is None:  # what is in force, not what is being written
            for remote in loaded.get("remote", {}).values():
                remote["verify"] = True
        return loaded

    Config.load_config_to_level = verified
    sys.exit(main())
