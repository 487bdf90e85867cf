"""What files on the command line hold: briefs and designs."""

from pathlib import Path
from typing import TYPE_CHECKING

from housebrain.errors import UserError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from housebrain.house.brief import Brief
    from housebrain.house.design import Design


def read_brief(path: Path) -> "Brief":
    """The brief in a file: a brief of this project, or a record of the dataset, which has one.

    Raises:
        UserError: there is no such file, neither is in it, or it contradicts itself.
    """
    from pydantic import ValidationError

    from housebrain.dataset.records import RawRecord, bad_record, parse_json
    from housebrain.dataset.v5 import BadRecord, parse_record
    from housebrain.house.brief import Brief, Rejected
    from housebrain.house.limits import check_brief
    from housebrain.rules.site import check_choices

    if not path.is_file():
        raise UserError(f"{path}: no such file. Give a JSON file with a brief or a record.")
    raw = RawRecord(str(path), "train", path.read_bytes())
    content = parse_json(raw)
    # `housebrain design` writes a brief beside the words that it was read from.
    if isinstance(content, dict) and isinstance(content.get("brief"), dict):
        content = content["brief"]
    try:
        if isinstance(content, dict) and "plot" in content:
            brief = Brief.model_validate(content)
        else:
            brief = parse_record(content)[1]
        check_brief(brief)
        check_choices(brief)
    except ValidationError as error:
        raise _invalid(path, "brief", error) from error
    except BadRecord as error:
        raise bad_record(raw, content, error) from error
    except Rejected as rejected:
        raise UserError(f"{path}: {rejected}. Change the brief.") from rejected
    return brief


def read_design(path: Path) -> "Design":
    """The design in a file.

    Raises:
        UserError: there is no such file, or no design in it, or one that contradicts itself.
    """
    from pydantic import ValidationError

    from housebrain.dataset.records import RawRecord, parse_json
    from housebrain.house.design import Design
    from housebrain.house.limits import fault_of

    if not path.is_file():
        raise UserError(f"{path}: no such file. Give a JSON file with one design, as `housebrain solve` prints it.")
    try:
        design = Design.model_validate(parse_json(RawRecord(str(path), "train", path.read_bytes())))
    except ValidationError as error:
        raise _invalid(path, "design", error) from error
    if (fault := fault_of(design)) is not None:
        raise UserError(f"{path}: field {fault.field}: {fault.detail}. `housebrain repair` mends a design.")
    return design


def _invalid(path: Path, what: str, error: "ValidationError") -> UserError:
    """What a file that is no brief or design is told, by its first fault."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or what
    return UserError(f"{path}: field {field}: {first['msg']}. Give a {what} as `housebrain design` writes it.")
