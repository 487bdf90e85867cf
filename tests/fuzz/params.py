"""params.yaml: it is read as it is written, or refused."""

import math
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

from conftest import REPOSITORY
from fuzz.target import Target, no_hang, refused
from fuzz.values import spoilt
from housebrain.errors import UserError
from housebrain.params import load_params

SHIPPED = (REPOSITORY / "params.yaml").read_text()
SOUND: Any = YAML(typ="safe").load(SHIPPED)
PIECES = [
    b"\xff",
    b"\x00",
    b"\t",
    b"&a",
    b"*a",
    b"<<: *a\n",
    b"!!python/object:os.system x",
    b"!!binary x",
    b"---\n",
    b"...\n",
    b": ",
    b"- ",
    b"{",
    b"[",
    b"2026-13-45",
    b"2026-11-26",
    b"12:30:45",
    b"1e999",
    b".inf",
    b".nan",
    b"0x1F",
    b"0o17",
    b"1_000",
    b"yes",
    b"~",
    b"|\n",
    b">\n",
    b"%YAML 1.1\n",
    b"'",
    b'"',
    b"\xef\xbb\xbf",
    b"\r\n",
    b"a: &a [*a]\n",
    b"[" * 2000,
]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """The shipped file with pieces put in, cut out or cut off."""
    text = SHIPPED.encode()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        how = draw(st.sampled_from(["put", "put", "cut", "end"]))
        if how == "put":
            text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
        else:
            text = text[:at] + (text[at + draw(st.integers(1, 40)) :] if how == "cut" else b"")
    return text


@st.composite
def trees(draw: st.DrawFn) -> bytes:
    stream = StringIO()
    try:
        YAML(typ="safe").dump(draw(spoilt(st.just(SOUND))), stream)
        return stream.getvalue().encode()
    except (ValueError, OverflowError):  # a value that YAML can't write
        return b""


def check(text: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder, no_hang():
        path = Path(folder) / "params.yaml"
        path.write_bytes(text)
        try:
            params = load_params(path)
        except UserError as error:
            assert str(error).startswith(str(path)), str(error)
            return refused(error)
    _same(YAML(typ="safe").load(text), params.model_dump(), "")
    for section in (params.lora, params.split, params.train, params.prepare):
        assert 0 <= section.seed < 2**32  # what torch and numpy take
    return "read"


def _same(written: Any, read: Any, where: str) -> None:
    """Every value that was written is the one that was read."""
    if isinstance(written, dict):
        assert isinstance(read, dict), where
        for key, value in written.items():
            assert key in read, f"{where}.{key} was left out"
            _same(value, read[key], f"{where}.{key}")
        return
    if isinstance(written, bool) or isinstance(read, bool):
        assert written is read, f"{where}: {written!r} became {read!r}"
    elif isinstance(read, int | float):
        assert math.isfinite(read) and float(written) == float(read), f"{where}: {written!r} became {read!r}"
    else:
        assert written == read, f"{where}: {written!r} became {read!r}"


TARGET = Target(
    "params",
    "params.yaml with values or bytes spoilt: read as it is written, or refused",
    texts() | trees(),
    check,
    frozenset({"read", "refused"}),
    examples=150,
    kept=(
        b"\xff" + SHIPPED.encode(),
        SHIPPED.replace("round: 1", "round: 2026-13-45", 1).encode(),
        SHIPPED.replace("round: 1", f"round: {10**400}", 1).encode(),
        SHIPPED.replace("  batch_size: 1", "  batch_size: true", 1).encode(),
    ),
)
