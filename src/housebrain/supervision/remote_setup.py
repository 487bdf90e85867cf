"""Setting the DVC remote: a local folder, a Google Drive folder or an S3 bucket."""

from pathlib import Path

import typer
from dvc.config import Config, ConfigError

from housebrain.environment import DRIVE_CREDENTIALS
from housebrain.errors import UserError
from housebrain.supervision.remote import run_dvc

NAME = "storage"
GDRIVE = """Google blocks DVC's built-in OAuth app, so you need a client of your own, once:
  1. https://console.cloud.google.com: make a project, enable the Google Drive API in it.
  2. OAuth consent screen: External, then PUBLISH it. One left in "Testing" lets tokens expire after 7 days.
  3. Credentials > Create > OAuth client ID, type Desktop app. It has an id and a secret.
  4. Make a folder in Drive; its id is the last part of its address.
A service account is of no use here: it has no storage of its own on a personal Drive."""
SECRET = f"""The first `dvc push` opens the browser. It leaves one file of credentials:
    {{path}}
Its content is the secret that each worker needs, under the name {DRIVE_CREDENTIALS}."""


def address_of(kind: str, address: str) -> str:
    """The address as DVC has it.

    Raises:
        UserError: the kind is unknown, or the address can't be one of that kind.
    """
    if kind == "local":
        return str(Path(address).expanduser().resolve())
    if kind == "gdrive":
        if "/" in address.removeprefix("gdrive://") and "drive.google.com" in address:
            raise UserError(f"{address}: give the folder's id only, the last part of its address in the browser.")
        return f"gdrive://{address.removeprefix('gdrive://')}"
    if kind == "s3":
        if "@" in address:
            raise UserError(
                "--address: it holds a user name or password, and would be in .dvc/config, which git has. Give "
                "bucket/path; the keys belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        return f"s3://{address.removeprefix('s3://')}"
    raise UserError(f"--kind: '{kind}' is unknown. Give local, gdrive or s3.")


def _forget_what_was_set(url: str) -> None:
    """Takes out of .dvc/config.local what it has of an earlier remote: an address, and options of another kind.

    DVC would use the one in place of the new address, and refuses to run at all with the others.
    """
    config = Config.from_cwd(validate=False)
    if not config.load_one("local")["remote"].get(NAME):
        return
    with config.edit("local", validate=False) as local:
        options = local["remote"][NAME]
        options.pop("url", None)
        for option in [option for option, value in options.items() if not _goes_with(url, option, value)]:
            del options[option]


def _goes_with(url: str, option: str, value: object) -> bool:
    """Whether DVC knows an option for such an address."""
    try:
        Config.validate({"remote": {NAME: {"url": url, option: value}}})
    except ConfigError:
        return False
    return True


def setup(kind: str, address: str, client_id: str, client_secret: str) -> None:
    """Writes the remote into .dvc/config, its secrets into .dvc/config.local, which git ignores.

    Raises:
        UserError: as for `address_of`; or DVC refuses.
    """
    url = address_of(kind, address)
    if kind == "gdrive" and not (client_id and client_secret):
        print(GDRIVE)
        client_id = client_id or typer.prompt("Client id")
        client_secret = client_secret or typer.prompt("Client secret")
    if kind == "local":
        Path(url).mkdir(parents=True, exist_ok=True)
    _forget_what_was_set(url)
    run_dvc("remote", "add", "--force", "--default", NAME, url)
    run_dvc("remote", "modify", NAME, "verify", "true")  # or damage there would come here unseen
    if kind == "gdrive":
        credentials = Path(".dvc/tmp/gdrive-credentials.json")
        for option, value in (
            ("gdrive_client_id", client_id),
            ("gdrive_client_secret", client_secret),
            ("gdrive_user_credentials_file", str(credentials)),
        ):
            run_dvc("remote", "modify", "--local", NAME, option, value, hidden=client_secret)
        print(SECRET.format(path=credentials))
