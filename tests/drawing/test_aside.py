"""Tests for housebrain.drawing.aside."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from housebrain.drawing.aside import SLOW, Aside
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
    with pytest.raises(FileExistsError):
        aside.names()
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


def test_an_interrupt_is_for_the_program_alone(aside: Aside, house: tuple[Design, Brief], tmp_path: Path) -> None:
    """A terminal sends it to both: the process that has just been started says nothing of it."""
    pid = aside._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    aside.draw(*house, tmp_path, ["obj"])
    assert aside.names() == ["house.obj", "house.mtl"]


def test_slow_formats_are_formats() -> None:
    assert set(SLOW) < FORMATS.keys()
