"""The `housebrain` command: what a person does by hand. The pipeline's own steps are in stages/ and run by DVC.

There is a module for each kind of user. Each command imports its heavy libraries: `housebrain --help` answers at once.
"""

import gc

import typer

from housebrain.cli import coordinator, dataset, design, designs, merging, release, service, worker
from housebrain.errors import reported

app = typer.Typer(
    help="House briefs in, a house-design LLM out: shard, train apart, merge, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for users in (dataset, design, designs, worker, coordinator, merging, release, service):
    app.add_typer(users.app)


def main() -> None:
    try:
        with reported():
            app()
    finally:
        gc.freeze()  # else Python looks for cycles in all that it imported before it ends: half a second
