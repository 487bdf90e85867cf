"""`python -m housebrain.supervision.dvc_main ...` is `dvc ...` with what its own defaults leave out.

A socket that hangs would hang it for ever. And it takes what a remote holds for what was put there: files are pulled
unseen unless `verify` is set.
"""

import socket
import sys
from typing import Any

from dvc.cli import main
from dvc.config import Config

from housebrain.environment import SOCKET_SECONDS


def verify_all() -> None:
    """Has every remote's files compared with their hashes, whatever the configuration says."""
    load = Config.load_config_to_level

    def verified(self: Any, level: str | None = None) -> Any:
        loaded = load(self, level)
        if level is None:  # what is in force, not what is being written
            for remote in loaded.get("remote", {}).values():
                remote["verify"] = True
        return loaded

    Config.load_config_to_level = verified


if __name__ == "__main__":
    socket.setdefaulttimeout(SOCKET_SECONDS)
    verify_all()
    sys.exit(main())
