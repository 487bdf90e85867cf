"""A message is one line that can be printed, however long or odd what it names."""

import pytest

from housebrain.errors import UserError


@pytest.mark.parametrize("odd", ["a\nb", "a\r\nb", "a\x00b", "a\x1b[31mb", "a\u2028b", "a\ud800b", "a\x85b"])
def test_a_message_is_one_printable_line(odd: str) -> None:
    said = str(UserError(f"{odd}: no such file. Check the path."))
    assert said.endswith("b: no such file. Check the path.") and said.startswith("a")
    assert said.isprintable() and said.encode()


def test_what_is_endless_is_cut_and_what_to_do_is_kept() -> None:
    said = str(UserError(f"params.yaml: {'x' * 5000} is unknown. Correct the file."))
    assert len(said) < 1300
    assert said.startswith("params.yaml: xxx") and said.endswith("xx is unknown. Correct the file.")
