"""Looking at something that others change, again and again."""

import re
import time
from collections.abc import Callable

from housebrain.errors import UserError, os_error

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(text: str) -> float:
    """A time such as 90s, 30m, 2h, 1.5h or 1d, in seconds.

    Raises:
        UserError: it is none, or less than a second.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 1 <= seconds <= 366 * _UNITS["d"]:
        raise UserError(f"--every: '{text}' is no time. Give one such as 30m or 2h.")
    return seconds


def poll(
    look: Callable[[], None], on_error: Callable[[UserError], None], every_seconds: float, again: bool = True
) -> None:
    """Calls `look`, and again after each pause until something other than an error that can be mended ends it.

    Args:
        look: may raise a `UserError`, or what the system says of a file or disk.
        on_error: called with it; what this raises ends the polling.
        every_seconds: the pause between two looks.
        again: whether there is more than one look.
    """
    while True:
        try:
            look()
        except UserError as error:
            on_error(error)
        except BrokenPipeError:  # nobody reads what is printed
            raise
        except OSError as error:
            on_error(os_error(error, error.filename or "input/output"))
        if not again:
            return
        time.sleep(every_seconds)
