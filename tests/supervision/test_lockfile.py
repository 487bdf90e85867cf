"""Tests for housebrain.supervision.lockfile: dvc.lock as it is found while DVC writes it."""

from itertools import accumulate

import pytest
from ruamel.yaml import YAML

from housebrain.supervision.lockfile import locked_stages

WHOLE = """\
schema: '2.0'
stages:
  split:
    cmd: python stages/split.py
    deps:
    - path: data/prepared
      hash: md5
      md5: 0123.dir
      size: 12
      nfiles: 2
    - path: stages/split.py
      hash: md5
      md5: '4567'
      size: 864
    params:
      params.yaml:
        split:
          seed: 7
    outs:
    - path: data/shards
      hash: md5
      md5: 89ab.dir
      size: 34
  merge:
    cmd: python stages/merge.py
    outs:
    - path: models/merged
      hash: md5
      md5: cdef.dir
      size: 56
"""
LINES = WHOLE.splitlines(keepends=True)


def test_a_whole_one_is_read() -> None:
    stages = locked_stages(WHOLE)
    assert stages == YAML(typ="safe").load(WHOLE)["stages"]
    assert locked_stages("schema: '2.0'\nstages: {}\n") == {}


@pytest.mark.parametrize("size", [*accumulate(len(line) for line in LINES[:-1])])
def test_a_cut_behind_any_line_leaves_whole_stages_or_is_found(size: int) -> None:
    """DVC writes blocks of some kilobytes: now and then one ends where a line does."""
    found = locked_stages(WHOLE[:size])
    assert (found is not None) == WHOLE[:size].endswith("size: 34\n"), WHOLE[:size]
    if found is not None:
        assert found == {"split": locked_stages(WHOLE)["split"]}  # type: ignore[index]


@pytest.mark.parametrize("size", range(0, len(WHOLE), 7))
def test_a_cut_within_a_line_is_found(size: int) -> None:
    assert WHOLE[:size].endswith("\n") or locked_stages(WHOLE[:size]) is None
