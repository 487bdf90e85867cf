"""Whether adapters belong together: made for one base, from one start, with the same modules."""

import sys
from typing import Any

from housebrain.errors import UserError
from housebrain.files import how_to_get, read_json
from housebrain.model.adapter import FINGERPRINT, Adapter, short
from housebrain.model.base_name import same_base
from housebrain.provenance import differing_versions

_BASE = "base_model_name_or_path"


def check_alike(adapters: list[Adapter], bases_are_same: bool = False) -> None:
    """Refuses adapters that weren't made for the same base, or, where that is known, not from the same start.

    Args:
        adapters: one or more.
        bases_are_same: whatever they call their base, it is one.

    Raises:
        UserError: names the two adapters and every field that differs.
    """
    first = adapters[0]
    for other in adapters[1:]:
        differing = _differing_origin(first, other, bases_are_same) + differing_tensors(first, other)
        if len(differing) == 1 and differing[0].startswith(_BASE):
            raise UserError(
                f"{first.folder} and {other.folder} can't be merged: they differ in {differing[0]}. If both names mean "
                "one base, say so with --same-base (same_base=True); else train both on the same base."
            )
        if differing:
            raise UserError(
                f"{first.folder} and {other.folder} can't be merged: they differ in {'; '.join(differing)}. "
                "Train both on the same base, data split, settings and code."
            )


def warn_of_versions(adapters: dict[str, Adapter]) -> None:
    """Says, in one line, where adapters were trained with different versions of the libraries.

    Args:
        adapters: by name; those from elsewhere don't tell their versions.
    """
    versions = {}
    for name, adapter in adapters.items():
        path = adapter.folder / FINGERPRINT
        content = read_json(path) if path.exists() else None
        if isinstance(content, dict):
            versions[name] = content.get("versions", {})
    if differing := differing_versions(versions):
        print(f"warning: the adapters were trained with different versions: {differing}.", file=sys.stderr)


def _differing_origin(a: Adapter, b: Adapter, bases_are_same: bool) -> list[str]:
    """The fields of `shared` in the fingerprints; adapters from elsewhere have none and are compared by their base.

    A revision that isn't told, or is a branch's, may be any.
    """
    if not all((adapter.folder / FINGERPRINT).exists() for adapter in (a, b)):
        names = [adapter.config.get(_BASE) for adapter in (a, b)]
        revisions = [adapter.config.get("revision") or "main" for adapter in (a, b)]
        if bases_are_same or (same_base(*names) and ("main" in revisions or revisions[0] == revisions[1])):
            return []
        if same_base(*names):
            names = [f"{name} at {revision}" for name, revision in zip(names, revisions, strict=True)]
        return [f"{_BASE} ({names[0]} / {names[1]})"]
    of_a, of_b = shared_fingerprint(a), shared_fingerprint(b)
    if bases_are_same:
        of_a, of_b = ({key: of[key] for key in of.keys() - {"base", "base_revision"}} for of in (of_a, of_b))
    return [
        f"{field} ({short(of_a.get(field))} / {short(of_b.get(field))})"
        for field in sorted(of_a.keys() | of_b.keys())
        if of_a.get(field) != of_b.get(field)
    ]


def shared_fingerprint(adapter: Adapter) -> dict[str, Any]:
    """What an adapter's fingerprint says that must be equal among adapters to be merged.

    Raises:
        UserError: it is missing or says nothing of the kind.
    """
    path = adapter.folder / FINGERPRINT
    content = read_json(path)
    shared = content.get("shared") if isinstance(content, dict) else None
    if not isinstance(shared, dict):
        raise UserError(f"{path}: it has no `shared` fields. {how_to_get(path)}")
    return shared


def differing_tensors(a: Adapter, b: Adapter) -> list[str]:
    """What keeps tensors of two adapters from being averaged, in words; ranks and the precision of floats don't."""
    odd = sorted(set(a.shapes) ^ set(b.shapes)) + sorted(set(a.whole) ^ set(b.whole))
    if odd:
        more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        return [f"modules ({odd[0]}{more}: in one of them only)"]
    differing = [
        f"the shape of {module} ({tuple(shape)} / {tuple(b.shapes[module])})"
        for module, shape in a.shapes.items()
        if shape != b.shapes[module]
    ]
    for name, of_a in a.whole.items():
        of_b = b.whole[name]
        if of_a.trained != of_b.trained:
            differing.append(f"modules_to_save ({name} was trained in one of them only)")
        if of_a.shape != of_b.shape:
            differing.append(f"the shape of {name} ({of_a.shape} / {of_b.shape})")
        if of_a.dtype != of_b.dtype and not (of_a.dtype.is_floating_point and of_b.dtype.is_floating_point):
            differing.append(f"the dtype of {name} ({of_a.dtype} / {of_b.dtype})")
    return differing
