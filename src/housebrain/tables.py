"""Tables on disk: CSV files through pandas, written in one step."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from housebrain.errors import UserError, os_error
from housebrain.files import atomic_file


def read_csv(path: str | Path, texts: Sequence[str] = ()) -> pd.DataFrame:
    """Reads a CSV file.

    Args:
        path: of the file.
        texts: columns that are taken as they are written: elsewhere `NA`, `None` and the like are nothing.

    Raises:
        UserError: the file is missing or is no CSV.
    """
    try:
        table = pd.read_csv(path)
        for column in texts:
            table[column] = pd.read_csv(path, usecols=[column], dtype=str, keep_default_na=False)[column]
        return table
    except OSError as error:
        raise os_error(error, path) from error
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise UserError(f"{path}: not a CSV file ({error}). Make it again, or fetch it with `dvc pull`.") from error


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Writes a CSV file without pandas' row numbers; what is not known is left empty."""
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False)
