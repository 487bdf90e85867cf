"""Tests for housebrain.drawing.aside."""

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import Pipe
from pathlib import Path

import pytest

from housebrain.drawing.aside import SLOW, Aside, _draw, _drawn, _portable
from housebrain.drawing.formats import FORMATS, render
from housebrain.drawing.scene import scene
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.solver.solve import solve
from housebrain.words.read import read_words


@pytest.fixture(scope="module")
def house() -> tuple[Design, Brief]:
    brief = read_words("2 bedroom house, 40x60 ft plot facing east").brief
    return solve(brief, 0), brief


@pytest.fixture
def aside() -> Iterator[Aside]:
    with closing(Aside()) as made:
        yield made


def test_it_draws_what_is_drawn_here(aside: Aside, house: tuple[Design, Brief], tmp_path: Path) -> None:
    """Houses come in the order in which they were given, each in its folder."""
    for folder, formats in (("one", ["svg"]), ("two", ["obj", "dxf"])):
        aside.draw(*house, tmp_path / folder, formats)
    found = [aside.names(), aside.names()]
    assert found[1] == ["house.obj", "house.mtl", "plan.dxf"]
    own = render(scene(*house), tmp_path / "own", ["svg"])
    assert found[0] == [path.name for path in own]
    for path in own:
        assert (tmp_path / "one" / path.name).read_bytes() == path.read_bytes()


def test_what_goes_wrong_there_is_said_here(aside: Aside, house: tuple[Design, Brief], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    aside.draw(*house, tmp_path / "file", ["svg"])
    with pytest.raises(FileExistsError) as raised:
        aside.names()
    assert "in render" in raised.value.__notes__[0]
    aside.draw(*house, tmp_path / "folder", ["obj"])
    assert aside.names() == ["house.obj", "house.mtl"]


def test_a_killed_process_is_one_clear_error(aside: Aside, house: tuple[Design, Brief], tmp_path: Path) -> None:
    pid = aside._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    aside._process.join()
    aside.draw(*house, tmp_path, ["svg"])
    with pytest.raises(UserError, match=r"the process that draws was ended \(exit status -9\)"):
        aside.names()


class UnsendableError(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


@pytest.mark.parametrize(
    ("error", "kind"),
    [(KeyError("x"), KeyError), (UnsendableError(1, 2), RuntimeError), (ValueError(lambda: 1), RuntimeError)],
)
def test_any_error_can_be_sent(error: Exception, kind: type[Exception]) -> None:
    try:
        raise error
    except Exception as raised:
        found = pickle.loads(pickle.dumps(_portable(raised)))
    assert type(found) is kind
    assert "test_any_error_can_be_sent" in found.__notes__[0]


def test_a_missing_library_is_named_when_it_is_needed(
    house: tuple[Design, Brief], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "ezdxf" or "drawing.dxf" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ezdxf", None)
    found = _drawn(*house, tmp_path, ("dxf",))
    assert isinstance(found, ImportError) and found.name is not None and found.name.startswith("ezdxf")


def test_a_program_that_has_gone_is_no_error(house: tuple[Design, Brief], tmp_path: Path) -> None:
    ours, other = Pipe()
    ours.send((*house, tmp_path, ("obj",)))
    ours.close()
    _draw(other)


def test_an_interrupt_is_for_the_program_alone(aside: Aside, house: tuple[Design, Brief], tmp_path: Path) -> None:
    """A terminal sends it to both: the process that has just been started says nothing of it."""
    pid = aside._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    aside.draw(*house, tmp_path, ["obj"])
    assert aside.names() == ["house.obj", "house.mtl"]


def test_slow_formats_are_formats() -> None:
    assert set(SLOW) < FORMATS.keys()
