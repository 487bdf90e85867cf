"""A record that kills whichever process gets it to solve it; nodes import this."""

import os
from collections.abc import Iterator
from typing import Any

from housebrain.cluster.prepare import Generated
from housebrain.dataset.records import RawRecord

NUMBER = 3


class _Deadly(RawRecord):
    def __reduce__(self) -> Any:
        return os._exit, (1,)


class Poisoned(Generated):
    """Generated records, one of which is deadly."""

    def read(self) -> Iterator[RawRecord]:
        for number, raw in enumerate(super().read(), 1):
            yield _Deadly(*raw) if number == NUMBER else raw
