"""Stage `report`: the report files -> reports/index.html, reports/designs; pictures of houses to the merged version."""

import sys
from pathlib import Path

from housebrain.errors import UserError, reported
from housebrain.evaluation.names import MERGED
from housebrain.files import read_json
from housebrain.logged_models import add_files
from housebrain.params import load_params
from housebrain.report.houses import FOLDER, draw_houses, read_houses
from housebrain.report.page import write_page

REPORTS = Path("reports")
REGISTERED = Path("models/registered.json")
PICTURES = 4  # that are kept with a version


def main() -> None:
    params, out, designs = load_params(), REPORTS / "index.html", REPORTS / FOLDER
    write_page(params, REPORTS, out)
    draw_houses(read_houses(REPORTS / "evaluation"), designs)
    print(f"report: {out}, for any browser; plans of the merged model's houses in {designs}")
    merged = read_json(REGISTERED)[MERGED]
    try:
        pictures = sorted(designs.glob("*.svg"))[:PICTURES]
        add_files(params.tracking.model, merged["version"], merged["sha256"], pictures)
    except UserError as error:  # another machine's version
        print(f"warning: {error} The version has no pictures.", file=sys.stderr)


if __name__ == "__main__":
    with reported():
        main()
