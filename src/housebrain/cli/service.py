"""Commands for who runs the service."""

import os
import re
import socket
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from housebrain.environment import DATABASE as DATABASE_VARIABLE
from housebrain.environment import TRACKING_URI
from housebrain.errors import UserError
from housebrain.service.settings import DATABASE

app = typer.Typer()
keys = typer.Typer(help="The keys by which clients reach the service.", no_args_is_help=True)
feedback = typer.Typer(help="What clients said of designs.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(feedback, name="feedback")

Database = Annotated[
    str, typer.Option(envvar=DATABASE_VARIABLE, help="The store: sqlite:///FILE or postgresql+psycopg://...")
]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Whom to listen to; others than this machine need keys")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    database: Database = DATABASE,
    engine: Annotated[
        Literal["model", "transformers", "solver"] | None,
        typer.Option(help="What answers where a request names none; else the champion, or the solver"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Houses designed at once")] = 1,
    waiting: Annotated[int, typer.Option(min=0, help="Requests that may wait besides")] = 32,
    seconds: Annotated[float, typer.Option(min=0.1, max=86_400, help="For one request")] = 60.0,
    requests_a_minute: Annotated[int, typer.Option(min=1, help="Of one client")] = 600,
    origin: Annotated[list[str] | None, typer.Option(help="A web page that may call it from a browser")] = None,
) -> None:
    """Serve designs over HTTP: a brief in, checked, costed and drawn houses out. /docs shows how."""
    import uvicorn

    from housebrain.service.app import create_app
    from housebrain.service.engines import load_engines
    from housebrain.service.settings import Settings
    from housebrain.service.store import open_store

    for page in origin or ():
        if page != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#\s]+", page):
            raise UserError(
                f"--origin {page}: no page's origin. Give scheme and host only, such as https://example.org."
            )
    with open_store(database) as store:
        # Once there was a key, no revoking opens it again.
        open_to_all = host in LOOPBACK and not store.clients()
        if host not in LOOPBACK and not any(key.revoked is None for key in store.clients()):
            raise UserError(
                f"--host {host}: other machines could reach it, and there is no key yet. Make one with "
                "`housebrain keys add NAME`, or leave --host out."
            )
        settings = Settings(
            workers=workers,
            waiting=waiting,
            seconds=seconds,
            requests_a_minute=requests_a_minute,
            open_to_all=open_to_all,
            origins=tuple(origin or ()),
            traces=TRACKING_URI in os.environ,
        )
        service = create_app(settings, load_engines(engine), store)
        config = uvicorn.Config(
            service,
            log_level="warning",
            server_header=False,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=int(seconds),
            limit_concurrency=4096,
        )
        with _listen(host, port) as listening, suppress(KeyboardInterrupt):
            if open_to_all:
                print("no key yet: whoever reaches this machine's own address may ask; `housebrain keys add NAME`")
            print(f"serving on http://{host}:{listening.getsockname()[1]}/docs; Ctrl-C ends it", flush=True)
            uvicorn.Server(config).run([listening])


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; of port 0 the system makes one that is free.

    Raises:
        UserError: it can't be had.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise UserError(
            f"--host {host} --port {port}: can't be listened to ({error.strerror or error}). Take another port, or end "
            "what runs there."
        ) from error


@keys.command("add")
def add_key(name: Annotated[str, typer.Argument(help="Whose it is")], database: Database = DATABASE) -> None:
    """Make a key and print it. It is shown this once: the store keeps its hash. A name whose key was revoked gets a new
    one and still sees its designs."""
    from housebrain.service.store import open_store

    with open_store(database) as store:
        print(store.add_key(name))


@keys.command("list")
def list_keys(database: Database = DATABASE) -> None:
    """Show whose keys there are."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from housebrain.service.store import open_store

    table = Table()
    for column in ("name", "made", "revoked"):
        table.add_column(column)
    with open_store(database, make=False) as store:
        for key in store.clients():
            table.add_row(
                escape(str(key.name)),
                f"{key.made:%Y-%m-%d %H:%M}",
                f"{key.revoked:%Y-%m-%d %H:%M}" if key.revoked else "",
            )
    Console().print(table)


@keys.command("revoke")
def revoke_key(name: str, database: Database = DATABASE) -> None:
    """End a key, at once."""
    from housebrain.service.store import open_store

    with open_store(database, make=False) as store:
        store.revoke_key(name)
    print(f"{name}: revoked")


@feedback.command("export")
def export_feedback(
    out: Annotated[Path, typer.Option(help="The folder that `prepare` reads")] = Path("data/raw/feedback"),
    database: Database = DATABASE,
) -> None:
    """Write the accepted and corrected designs where `prepare` learns from them."""
    from housebrain.service.feedback import FILE, export
    from housebrain.service.store import open_store

    with open_store(database, make=False) as store:
        counts = export(store, out)
    print(f"{out / FILE}: {', '.join(f'{count} {name}' for name, count in counts.items())}")


@app.command()
def usage(
    days: Annotated[float, typer.Option(min=0, max=36_500, help="How far back")] = 30,
    alert: Annotated[str | None, typer.Option(help="Tell this address of drift: any that apprise knows")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
    database: Database = DATABASE,
) -> None:
    """Show how the service is used, what is refused, and whether briefs drift from the training set."""
    import json

    from rich.console import Console

    from housebrain.service.reference import training_facts
    from housebrain.service.store import now, open_store
    from housebrain.service.usage import as_tables, drifted
    from housebrain.service.usage import usage as figures_of

    with open_store(database, make=False) as store:
        figures = figures_of(store, now() - timedelta(days=days), training_facts(Path("data/prepared")))
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        Console(markup=False).print(*as_tables(figures))
    if alert and (names := drifted(figures)):
        from housebrain.supervision.alerts import notifier

        notifier([alert])(f"Briefs have drifted from the training set in: {', '.join(names)}.")
