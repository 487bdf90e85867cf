"""Looking at something that others change, again and again."""

import time
from collections.abc import Callable

from housebrain.errors import UserError


def poll(
    look: Callable[[], None], on_error: Callable[[UserError], None], every_seconds: float, again: bool = True
) -> None:
    """Calls `look`, and again after each pause until something other than a `UserError` ends it.

    Args:
        look: may raise a `UserError`.
        on_error: called with it; what this raises ends the polling.
        every_seconds: the pause between two looks.
        again: whether there is more than one look.
    """
    while True:
        try:
            look()
        except UserError as error:
            on_error(error)
        if not again:
            return
        time.sleep(every_seconds)
