"""Tests for .ci/install.py: what pip was set to holds for uv, and pip does what uv can't."""

import importlib.util
import subprocess
import sys

import pytest

from conftest import REPOSITORY

_spec = importlib.util.spec_from_file_location("install", REPOSITORY / ".ci/install.py")
assert _spec is not None and _spec.loader is not None
install = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(install)

LISTED = """:env:.default-timeout='180'
:env:.find-links='/wheels'
global.extra-index-url='https://one/simple\\nhttps://two/simple'
global.find-links='/a /b'
install.index-url='https://first/simple'
"""


def test_pips_settings_hold_for_uv() -> None:
    assert install.uv_environment(LISTED) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,/a,/b",
        "UV_EXTRA_INDEX_URL": "https://first/simple https://one/simple https://two/simple",
        "UV_DEFAULT_INDEX": "https://first/simple",
    }


def test_the_usual_index_comes_before_further_ones() -> None:
    """A local index may have of a version only the wheel for another Python."""
    listed = "global.extra-index-url='https://one/simple'"
    assert install.uv_environment(listed)["UV_EXTRA_INDEX_URL"] == f"{install.PYPI} https://one/simple"


@pytest.mark.parametrize("setting", ["global.no-index='true'", "install.target='/x'", "global.trusted-host='one'"])
def test_where_pip_is_set_to_something_else_pip_installs(setting: str) -> None:
    assert install.uv_environment(LISTED + setting) is None


@pytest.mark.parametrize("fails", ["config", "install", "uv"])
def test_what_uv_does_not_install_pip_does(
    fails: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether pip can't say how it is set, uv can't be had, or uv fails."""
    ran: list[list[str]] = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(words)
        what = words[2] if words[2] == "uv" else words[3]
        return subprocess.CompletedProcess(words, int(what == fails), "", "")

    monkeypatch.setattr(install.subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["install.py", "-c", "constraints.txt", "one"])
    with pytest.raises(SystemExit) as end:
        install.main()
    assert end.value.code == int(fails == "install")
    assert ran[-1][1:4] == ["-m", "pip", "install"] and ran[-1][-3:] == ["-c", "constraints.txt", "one"]
    assert "pip installs" in capsys.readouterr().err
    assert [words for words in ran if words[2] == "uv"] == ([ran[-2]] if fails == "uv" else [])


def test_pip_is_not_asked_for_what_uv_has_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(words)
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(install.subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["install.py", "one"])
    install.main()
    assert [words[2:4] for words in ran] == [["pip", "config"], ["pip", "install"], ["uv", "pip"]]
    assert ran[-1][-1] == "one"
