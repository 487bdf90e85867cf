"""Stage `report`: the report files -> reports/index.html."""

from pathlib import Path

from housebrain.errors import reported
from housebrain.params import load_params
from housebrain.report.page import write_page


def main() -> None:
    out = Path("reports/index.html")
    write_page(load_params(), Path("reports"), out)
    print(f"report: {out}, for any browser")


if __name__ == "__main__":
    with reported():
        main()
