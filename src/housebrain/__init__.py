"""HouseBrain: from a brief to a house design. The functions for programs are described in `housebrain.api`."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from housebrain.api import alternatives, draw, merge, read_record, repair, requirements, score, solve, violations
    from housebrain.errors import UserError
    from housebrain.house.brief import Rejected

# Where each name is. They are imported when they are first used, so that `import housebrain` stays quick.
_MODULES = {
    "read_record": "housebrain.api",
    "solve": "housebrain.api",
    "violations": "housebrain.api",
    "requirements": "housebrain.api",
    "score": "housebrain.api",
    "alternatives": "housebrain.api",
    "repair": "housebrain.api",
    "draw": "housebrain.api",
    "merge": "housebrain.api",
    "Rejected": "housebrain.house.brief",
    "UserError": "housebrain.errors",
}
__all__ = [
    "Rejected",
    "UserError",
    "alternatives",
    "draw",
    "merge",
    "read_record",
    "repair",
    "requirements",
    "score",
    "solve",
    "violations",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
