"""Which adapters belong together."""

import re
from pathlib import Path

import pytest
import torch

from housebrain.errors import UserError
from housebrain.model.adapter import FINGERPRINT, PREFIX, Adapter
from housebrain.model.alike import check_alike
from merging.adapters import MODULE, change, random_adapter


def test_fingerprints_are_compared_in_what_is_shared(tmp_path: Path) -> None:
    shared = {"base": "b", "init": "0" * 64, "lora": {"r": 4}}
    same = [Adapter(random_adapter(tmp_path / str(i), i, shared=shared)) for i in range(2)]
    check_alike(same)
    other = Adapter(random_adapter(tmp_path / "x", 7, shared=shared | {"init": "1" * 64, "lora": {"r": 8}}))
    with pytest.raises(UserError, match=r"differ in init .*; lora .*\{\"r\": 4\} / \{\"r\": 8\}") as refused:
        check_alike([*same, other])
    assert "base" not in str(refused.value).split("differ in")[1].split(". Train")[0]


def test_a_fingerprint_without_shared_fields_is_refused(tmp_path: Path) -> None:
    adapters = [Adapter(random_adapter(tmp_path / str(i), i, shared={"base": "b"})) for i in range(2)]
    (tmp_path / "1" / FINGERPRINT).write_text("[]")
    with pytest.raises(UserError, match=FINGERPRINT):
        check_alike(adapters)


def test_adapters_from_elsewhere_are_compared_by_base_and_modules(tmp_path: Path) -> None:
    first = Adapter(random_adapter(tmp_path / "a", r=2))
    check_alike([first, Adapter(random_adapter(tmp_path / "b", 1, r=3, shared={"base": "b"}))])
    with pytest.raises(UserError, match=r"base_model_name_or_path \(some/base / other/base\)"):
        check_alike([first, Adapter(random_adapter(tmp_path / "c", base_model_name_or_path="other/base"))])
    folder = random_adapter(tmp_path / "d")
    change(folder, lora_A=None, lora_B=None)
    with pytest.raises(UserError, match=re.escape(f"modules ({MODULE}: in one of them only)")):
        check_alike([first, Adapter(folder)])
    folder = random_adapter(tmp_path / "e")
    change(folder, lora_A=torch.zeros(4, 99))
    with pytest.raises(UserError, match=r"the shape of .*q_proj \(\(24, 20\) / \(24, 99\)\)"):
        check_alike([first, Adapter(folder)])


@pytest.mark.parametrize(("a", "b", "same"), [("abc", "def", False), ("abc", "abc", True), (None, "abc", True)])
def test_two_revisions_are_two_bases(tmp_path: Path, a: str | None, b: str, same: bool) -> None:
    """Of one that isn't told nobody knows."""
    adapters = [Adapter(random_adapter(tmp_path / name, revision=of)) for name, of in (("a", a), ("b", b))]
    if same:
        check_alike(adapters)
    else:
        with pytest.raises(UserError, match=r"some/base at abc / some/base at def.*--same-base"):
            check_alike(adapters)
        check_alike(adapters, bases_are_same=True)


@pytest.mark.parametrize(
    ("tensor", "saved", "named"),
    [
        (torch.zeros(4, 5), ["lm_head"], r"the shape of .*lm_head.weight \(\(3, 5\) / \(4, 5\)\)"),
        (torch.zeros(1, 5), ["lm_head"], r"the shape of .*lm_head.weight \(\(3, 5\) / \(1, 5\)\)"),
        (torch.zeros(3, 5).char(), ["lm_head"], r"the dtype of .*lm_head.weight \(torch.float32 / torch.int8\)"),
        (torch.zeros(3, 5), None, r"modules_to_save \(.*lm_head.weight was trained in one of them only\)"),
    ],
)
def test_whole_tensors_that_do_not_fit_each_other_are_refused(
    tmp_path: Path, tensor: torch.Tensor, saved: list[str] | None, named: str
) -> None:
    head = f"{PREFIX}lm_head.weight"
    first = random_adapter(tmp_path / "a", extra={head: torch.zeros(3, 5)}, modules_to_save=["lm_head"])
    other = random_adapter(tmp_path / "b", 1, extra={head: tensor}, modules_to_save=saved)
    with pytest.raises(UserError, match=named):
        check_alike([Adapter(first), Adapter(other)])
