"""HouseBrain for programs: `import housebrain as hb`. The examples go on from one another, from top to bottom.

Merging needs the extra `merge` (`pip install "housebrain[merge]"`); everything else here works without extras.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from housebrain.answering.alternatives import Ranked, ranked
from housebrain.answering.mending import mend
from housebrain.answering.mending.mend import Mended
from housebrain.dataset.records import RawRecord, bad_record, parse_json
from housebrain.dataset.v5 import BadRecord, parse_record
from housebrain.drawing.pictures import plan_picture
from housebrain.drawing.scene import scene
from housebrain.drawing.svg import svg
from housebrain.errors import UserError
from housebrain.files import atomic_file
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.rules import checks
from housebrain.rules.score import Score
from housebrain.rules.score import score as score_design
from housebrain.solver import solve as solver
from housebrain.solver.house import Infeasible


def read_record(record: dict[str, Any] | str | bytes) -> tuple[str, Brief]:
    """Reads the brief of one record of the v5 dataset.

    Args:
        record: `{"id", "input", "metadata"}` as a dict or as JSON; whatever else is in it is not looked at.

    Returns:
        The record's id and its brief.

    Raises:
        UserError: the record is not JSON, or a field is missing or wrong; the message names it.
        Rejected: the record contradicts itself.

    Example:
        >>> import housebrain as hb
        >>> record = {
        ...     "id": "HBV5-000001",
        ...     "input": {
        ...         "basicDetails": {"bedrooms": 2, "bathrooms": 1, "floors": 1, "budget": 150000, "style": "Modern"},
        ...         "plot": {
        ...             "length": 60, "width": 45, "unit": "ft", "shape": "rectangular", "orientation": "N",
        ...             "setbacks_ft": {"front": 10, "rear": 8, "left": 5, "right": 5},
        ...         },
        ...         "roomBreakdown": [
        ...             {"type": "livingRoom", "count": 1, "minArea": 200},
        ...             {"type": "kitchen", "count": 1, "minArea": 100},
        ...             {"type": "masterBedroom", "count": 1, "minArea": 150},
        ...             {"type": "bedroom", "count": 1, "minArea": 120},
        ...             {"type": "bathroom", "count": 1, "minArea": 45},
        ...         ],
        ...     },
        ...     "metadata": {"region": "US_Midwest", "climate_zone": "Temperate"},
        ... }
        >>> record_id, brief = hb.read_record(record)
        >>> record_id, brief.bedrooms, brief.envelope_ft
        ('HBV5-000001', 2, (35.0, 42.0))
    """
    text = record.encode() if isinstance(record, str) else record
    raw = RawRecord("read_record", "train", text if isinstance(text, bytes) else b"")
    content = parse_json(raw) if isinstance(text, bytes) else record
    try:
        return parse_record(content)
    except BadRecord as error:
        raise bad_record(raw, content, error) from error


def solve(brief: Brief, seed: int = 0) -> Design:
    """Designs a house for a brief. The same brief and seed give the same design.

    Args:
        brief: from `read_record`.
        seed: picks among good houses: other seeds give other houses.

    Raises:
        Rejected: no house for this brief was found; its `reason` and `detail` say what binds and what would mend it.

    Example:
        >>> design = hb.solve(brief)
        >>> sorted(design.wanted_rooms)
        ['bath', 'bed', 'kitchen', 'living', 'master']
    """
    return solver.solve(brief, seed)


def violations(design: Design, brief: Brief) -> list[checks.Violation]:
    """Finds everything that makes a design invalid for its brief.

    Returns:
        One item `(kind, where, detail)` for each fault; an empty list for a valid design.

    Example:
        >>> hb.violations(design, brief)
        []
        >>> larger = brief.model_copy(update={"floors": 2})
        >>> [violation.detail for violation in hb.violations(design, larger)]
        ['1 levels where 2 are asked for']
    """
    return checks.violations(design, brief)


def requirements(design: Design, brief: Brief) -> dict[str, bool]:
    """Says of each thing that a brief asks for whether the design has it.

    Returns:
        By requirement: `floors`, `envelope`, `budget`, and for each room `room:NAME` and `area:NAME`.

    Example:
        >>> met = hb.requirements(design, brief)
        >>> met["floors"], met["area:kitchen"], all(met.values())
        (True, True, True)
    """
    return checks.requirements(design, brief)


def score(design: Design, brief: Brief, weights: Mapping[str, float] | None = None) -> Score:
    """Scores a design, the solver's or anyone's: a total from 0 to 1, and the parts it comes from, each explained.

    Args:
        design: any, valid or not.
        brief: what it is for.
        weights: what parts count for, such as `{"vastu": 1.0}`; others keep their own.

    Raises:
        UserError: `weights` names a part that there is not, or is below 0.

    Example:
        >>> scored = hb.score(design, brief)
        >>> 0.5 < scored.total < 1
        True
        >>> part = scored.part("bath_way")
        >>> round(part.value, 2), part.weight, part.says
        (0.97, 1.5, "the bedroom's way to the bath is 10 ft")
    """
    return score_design(design, brief, weights)


def alternatives(brief: Brief, count: int, seed: int = 0, weights: Mapping[str, float] | None = None) -> list[Ranked]:
    """Designs several different houses for a brief, ranked by score, the best first.

    Args:
        brief: from `read_record`.
        count: how many; there may be fewer.
        seed: other seeds look at other houses.
        weights: of the score.

    Returns:
        Pairs of a design and its score. No two are alike but for sizes or mirroring.

    Raises:
        Rejected: no house for this brief was found.
        UserError: as `score` has it.

    Example:
        >>> houses = hb.alternatives(brief, 3)
        >>> len(houses), houses[0].score.total >= houses[1].score.total
        (3, True)
    """
    return ranked(brief, count, seed, weights)


def repair(draft: Any, brief: Brief) -> Mended | Infeasible:
    """Mends what a model or a person wrote as a house: the nearest valid design, and what was changed for it.

    It never raises, whatever the draft is.

    Args:
        draft: a design, its JSON as a dict or as text, or an answer's text. Sizes may be wrong, rooms may overlap, be
            missing, too many or unheard of.
        brief: what the house is for.

    Returns:
        The design with `changes` (what was added, left out, renamed) and `rooms` (how far each was moved, its area
        before and after); a valid design comes back unchanged. Or, with `reason` and `detail`, why there is none.

    Example:
        >>> draft = design.model_dump(mode="json")
        >>> hb.repair(draft, brief).changed
        False
        >>> draft["levels"][0]["rooms"][0]["boxes"][0]["w"] /= 2
        >>> mended = hb.repair(draft, brief)
        >>> mended.changed, mended.replaced, hb.violations(mended.design, brief)
        (True, False, [])
        >>> hb.repair("a house", brief).detail
        'the text is not JSON'
    """
    return mend.repair(draft, brief)


def draw(design: Design, path: str | os.PathLike[str], brief: Brief | None = None) -> list[Path]:
    """Draws a design's floor plans, one SVG a level, all to one scale.

    Args:
        design: any, valid or not.
        path: a name that ends with `.svg`. A design of several levels gets a file for each, whose name has the level's
            number before that ending: `house-0.svg` is the ground floor of `house.svg`.
        brief: what the design answers. With it the plans say where north is.

    Returns:
        The files written, from the ground up.

    Raises:
        UserError: the path has another ending or can't be written.

    Example:
        >>> [path.name for path in hb.draw(design, "house.svg")]
        ['house.svg']
    """
    path = Path(path)
    if path.suffix.lower() != ".svg":
        raise UserError(f"{path}: plans are drawn as SVG. Give a name that ends with .svg.")
    count = len(design.levels)
    paths = [path if count == 1 else path.with_stem(f"{path.stem}-{number}") for number in range(count)]
    house = scene(design, brief)
    for number, target in enumerate(paths):
        with atomic_file(target) as temporary:
            temporary.write_text(svg(plan_picture(house, number)), encoding="utf-8")
    return paths


def merge(
    folders: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    strategy: str = "average",
    rank: str | int | float = "exact",
    *,
    same_base: bool = False,
    **parameters: Any,
) -> dict[str, Any]:
    """Merges LoRA adapters of one base into one adapter, which plain PEFT loads. The base itself is not needed.

    Args:
        folders: adapters in PEFT's format, by this project or by anyone else. One that is named twice counts twice.
        out: the folder to write; an adapter that is there is replaced.
        strategy: one that `housebrain merge --help` lists. `average` is the mean of the updates `scale * B @ A`.
        rank: `exact` keeps everything; or a number (16), a share of the energy (0.999), a size (`"100MB"`).
        same_base: the adapters name one base in different ways, or copies of it in different precisions.
        parameters: of the strategy's own, such as `density=0.3` for `ties`.

    Returns:
        The report that is also written to `merge.json` in `out`: weights, ranks, dropped energy by module, size.

    Raises:
        UserError: an adapter is missing, damaged, unlike the others or of a kind that has no exact merge, a parameter
            is wrong, `out` is something else, or PEFT could not load the result (checked where peft is installed).
            `out` is left as it was then.

    Example:
        >>> report = hb.merge(["adapters/one", "adapters/two"], "merged")
        >>> report["weights"], report["rank_max"]
        ({'adapters/one': 0.5, 'adapters/two': 0.5}, 8)
        >>> report = hb.merge(["adapters/one", "adapters/two"], "merged", strategy="ties", rank=4, density=0.3)
        >>> report["rank_max"]
        4
    """
    # Here, since torch is only in an extra.
    from housebrain.merging.outside import merge_named
    from housebrain.merging.strategies import strategy as strategy_named

    how = strategy_named(strategy, **parameters)
    paths = [Path(folder) for folder in folders]
    return merge_named(paths, how, rank, "float32", Path(out), same_base=same_base, progress=False)[0]
