"""Drawing in a process of its own: while a house is being designed, it imports what it will draw with."""

import contextlib
import signal
from collections.abc import Iterable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from housebrain.errors import UserError

if TYPE_CHECKING:
    from housebrain.house.brief import Brief
    from housebrain.house.design import Design

# Of all formats' time the libraries of these take most, to be imported and to write.
SLOW = ("pdf", "letter", "dxf", "ifc")


class Aside:
    """A process that draws, one house after the other. It starts at once, and ends with the program or by `close`.

    To be made in the main thread.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_draw, args=(other,), daemon=True)
        # A terminal's interrupt reaches both: the program ends this process, which heeds none from its first moment.
        heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.start()
        finally:
            signal.signal(signal.SIGINT, heeded)
        other.close()

    def draw(self, design: "Design", brief: "Brief", folder: Path, formats: Iterable[str]) -> None:
        """Has a house drawn in some formats into a folder; does not wait for it."""
        with contextlib.suppress(BrokenPipeError):  # `names` says so
            self._pipe.send((design, brief, folder, tuple(formats)))

    def names(self) -> list[str]:
        """The names of the files of the house that was given first and not asked for yet; waits for them.

        Raises:
            Exception: whatever went wrong while they were drawn.
            UserError: the process was ended from outside.
        """
        try:
            found: list[str] | Exception = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            self._process.join()
            raise UserError(
                f"the process that draws was ended (exit status {self._process.exitcode}); the machine may have too "
                "little memory. Free some, and give the command again."
            ) from error
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        self._process.join()


def _draw(pipe: Connection) -> None:
    """The process: draws what comes through the pipe until that is closed."""
    import housebrain.drawing.dxf.house
    from housebrain.drawing.formats import render
    from housebrain.drawing.scene import scene

    with contextlib.suppress(ImportError):  # its library is not in the core
        import housebrain.drawing.ifc.house  # noqa: F401
    while True:
        try:
            design, brief, folder, formats = pipe.recv()
        except EOFError:
            return
        found: list[str] | Exception
        try:
            found = [path.name for path in render(scene(design, brief), folder, formats)]
        except Exception as error:  # the program that started it is told
            found = error
        pipe.send(found)
