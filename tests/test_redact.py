"""Tests for housebrain.redact: no secret is printed, logged or stored, and nothing else is changed."""

import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from housebrain.errors import UserError, reported
from housebrain.git import git
from housebrain.redact import redact_logs, redacted
from housebrain.supervision import heartbeat, remote_setup
from housebrain.supervision.alerts import notifier
from housebrain.supervision.heartbeat import Heartbeat
from housebrain.supervision.remote import run_dvc
from housebrain.tracking import LiveRun, RunRecord, import_record
from housebrain.training.stopping import FAILED, failure, write_failure
from supervision.stores import local_remote

SECRET = "not-a-real-secret"  # pragma: allowlist secret


@pytest.mark.parametrize(
    ("text", "without"),
    [
        (f"http://user:{SECRET}@host:9/api failed", "http://***@host:9/api failed"),
        (f"https://{SECRET}@github.com/a/b.git", "https://***@github.com/a/b.git"),
        (f"(postgresql+psycopg2://u:{SECRET}@db:5432/mlflow)", "(postgresql+psycopg2://***@db:5432/mlflow)"),
        (f"http://user:p@{SECRET}@host/x", "http://***@host/x"),
        (f"http://user:p/{SECRET}@host/x", "http://***@host/x"),
        (f"mailto://me:{SECRET}@gmail.com?to=a", "mailto://***@gmail.com?to=a"),
        (f"https://host/x?token={SECRET}&page=2", "https://host/x?token=***&page=2"),
        (f"https://s3/x?X-Amz-Signature={SECRET}", "https://s3/x?X-Amz-Signature=***"),
        (f"https://account/x?sig={SECRET}&se=1", "https://account/x?sig=***&se=1"),
        (f"gdrive_client_secret = {SECRET}", "gdrive_client_secret = ***"),
        (f"AWS_SECRET_ACCESS_KEY={SECRET}", "AWS_SECRET_ACCESS_KEY=***"),
        (f'{{"refresh_token": "{SECRET}"}}', '{"refresh_token": "***"}'),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
        ("pushed with hf_" + "aB3" * 11 + ", done", "pushed with hf_***, done"),
        ("fatal: ghp_" + "aB3" * 12 + " is no user", "fatal: ghp_*** is no user"),
        ("refresh 1//0" + "g3x_-Q" * 8, "refresh 1//0***"),
        ("client GOCSPX-" + "aB3" * 9 + ".", "client GOCSPX-***."),
        (
            "POST https://hooks.slack.com/services/T0/B0/xyz failed",  # pragma: allowlist secret
            "POST https://hooks.slack.com/services/*** failed",
        ),
        ("https://discord.com/api/webhooks/1/abc: 404", "https://discord.com/api/webhooks/*** 404"),
        (f"two: ssh://a:{SECRET}@h and ssh://b:{SECRET}@h", "two: ssh://***@h and ssh://***@h"),
    ],
)
def test_secrets_are_hidden(text: str, without: str) -> None:
    assert redacted(text) == without
    assert redacted(without) == without


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:9/api/2.0: no answer",
        "git@github.com:you/housebrain.git",
        "https://host:8080/path/@name/b",
        "https://host:8080/a@b",
        "shard 3: 1,200 samples in 80 rows, response_tokens=51200 of which token 7 is a bearer of loss",
        "sqlite:///mlflow.db: it holds no runs. Ask me@example.org",
        "the credentials are missing or have expired: make new ones and put them into GDRIVE_CREDENTIALS_DATA",
        "http://host:5000, then mail a@b",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@given(
    st.sampled_from(["http", "https", "s3", "ssh", "postgresql+psycopg2", "gdrive", "ntfy", "webdavs"]),
    st.text("abcXYZ019-._~%", min_size=1, max_size=8),
    st.text("abcdXYZ019-._~%!$&*+,;=:@/", min_size=0, max_size=12),
    st.sampled_from(["", ":9", "/path", "/a/b?c=d"]),
)
@example("http", "user", "1234/x", "")
def test_no_password_of_any_address_survives(scheme: str, user: str, middle: str, end: str) -> None:
    password = f"q{middle}Q{SECRET}"
    assert SECRET not in redacted(f"failed: {scheme}://{user}:{password}@host.example{end} (no answer)")


def test_an_error_never_holds_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    error = UserError(f"remote https://user:{SECRET}@host: no answer.")
    assert str(error) == "remote https://***@host: no answer."
    for trouble in (error, OSError(5, "broken", f"http://a:{SECRET}@b"), RuntimeError(f"http://a:{SECRET}@b")):
        with pytest.raises(SystemExit), reported():
            raise trouble
    printed = capsys.readouterr().err
    assert printed.count("***@") == 3 and SECRET not in printed
    assert "Traceback" in printed  # of the one that nobody foresaw


def test_what_libraries_log_holds_no_secret(tmp_path: Path) -> None:
    program = (
        "import logging; from housebrain.errors import reported\n"
        "with reported():\n"
        f"    logging.getLogger('some.library').warning('trying %s again', 'http://user:{SECRET}@host')\n"
        f"    try: raise OSError('http://user:{SECRET}@host')\n"
        "    except OSError: logging.getLogger('some.library').exception('it failed')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.count("http://***@host") == 2
    assert SECRET not in done.stderr


def test_logs_are_redacted_once_and_keep_their_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    before = logging.getLogRecordFactory()
    try:
        redact_logs()
        factory = logging.getLogRecordFactory()
        redact_logs()
        assert logging.getLogRecordFactory() is factory
        made = factory("name", logging.INFO, "file", 1, "%d of %s", (3, "many"), None)
        assert made.getMessage() == "3 of many"
    finally:
        logging.setLogRecordFactory(before)


@pytest.fixture
def secret_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def record(**fields: object) -> RunRecord:
    return RunRecord.model_validate({"record_id": "1", "name": "run", "start_ms": 1, **fields})


def test_a_store_that_cannot_be_reached_is_named_without_its_password(
    secret_store: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match=r"http://\*\*\*@127.0.0.1:9") as error:
        import_record(record(), "housebrain")
    with LiveRun(record(), "housebrain"):
        pass
    assert SECRET not in str(error.value) + "".join(capsys.readouterr())


def test_records_of_runs_hold_no_secret() -> None:
    made = record(params={"url": f"s3://key:{SECRET}@bucket"}, tags={"remote": f"https://{SECRET}@host"})
    assert made.params == {"url": "s3://***@bucket"}
    assert SECRET not in made.model_dump_json()


def test_heartbeats_hold_no_secret(tmp_path: Path) -> None:
    beat = Heartbeat(owner="a-1", worker="a", shard=1, round=1, session_started_ms=0, training_key="key")
    beat.message = f"no answer from https://user:{SECRET}@host"
    remote = local_remote(tmp_path)
    name = heartbeat.send(remote, beat)
    sent = remote.read(f"{heartbeat.folder(1, 1)}/{name}").decode()
    assert json.loads(sent)["message"] == "no answer from https://***@host"


def test_a_failure_that_is_written_for_others_holds_no_secret(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), write_failure(tmp_path):
        raise RuntimeError(f"no answer from https://user:{SECRET}@host")
    assert (tmp_path / FAILED).exists()
    assert failure(tmp_path) == "RuntimeError: no answer from https://***@host"


def test_git_and_dvc_print_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    with pytest.raises(UserError) as error:
        git("fetch", f"http://user:{SECRET}@127.0.0.1:9/x.git")
    assert SECRET not in str(error.value)
    with pytest.raises(UserError) as error:
        run_dvc("get", f"http://user:{SECRET}@127.0.0.1:9/x.git", "file", attempts=1)
    assert SECRET not in str(error.value) + "".join(capsys.readouterr())


def test_a_client_secret_that_dvc_refuses_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DVC's own words for it are `dvc remote modify --local storage gdrive_client_secret SECRET`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(remote_setup, "NAME", "storage")
    with pytest.raises(UserError) as error:
        run_dvc("remote", "modify", "storage", "gdrive_client_secret", SECRET, hidden=SECRET)
    assert SECRET not in str(error.value) + "".join(capsys.readouterr())
    assert "gdrive_client_secret ***" in str(error.value)


@pytest.mark.parametrize("address", [f"s3://key:{SECRET}@bucket/x", f"key:{SECRET}@bucket"])
def test_a_remotes_address_with_a_password_is_refused(address: str) -> None:
    """It would be in .dvc/config, which git has."""
    with pytest.raises(UserError, match="holds a user name or password") as error:
        remote_setup.address_of("s3", address)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("address", [f"slakc://{SECRET}/b/c", f"slack:/{SECRET}", SECRET])
def test_an_unknown_address_for_messages_is_not_shown(address: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UserError, match="--notify: address 1 ") as error:
        notifier([address])
    assert SECRET not in str(error.value) + caplog.text


@pytest.mark.parametrize("part", ["a.", "@a.", "a://b:c", "@ a://b:c", "token", "'a", "a-@", "xoxb-", "bearer "])
def test_a_long_and_hostile_text_is_redacted_in_no_time(part: str) -> None:
    """A brief's field ends up in a message: a service must not hang on it."""
    text = part * (100_000 // len(part))
    started = time.process_time()
    assert redacted(text + f" password={SECRET}").endswith(" password=***")
    assert time.process_time() - started < 2


def test_what_is_before_a_secrets_name_does_not_hide_it() -> None:
    assert redacted(f"étoken={SECRET}") == "étoken=***"
    assert redacted(f"{'x.' * 999}api_key={SECRET}") == f"{'x.' * 999}api_key=***"
