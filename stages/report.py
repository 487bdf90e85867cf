"""Stage `report`: the report files -> reports/index.html, reports/designs."""

from pathlib import Path

from housebrain.errors import reported
from housebrain.params import load_params
from housebrain.report.houses import FOLDER, draw_houses, read_houses
from housebrain.report.page import write_page

REPORTS = Path("reports")


def main() -> None:
    out = REPORTS / "index.html"
    write_page(load_params(), REPORTS, out)
    draw_houses(read_houses(REPORTS / "evaluation"), REPORTS / FOLDER)
    print(f"report: {out}, for any browser; plans of the merged model's houses in {REPORTS / FOLDER}")


if __name__ == "__main__":
    with reported():
        main()
