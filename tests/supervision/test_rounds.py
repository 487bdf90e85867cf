"""The start of a round, in a project of its own with a bare repository as its git remote."""

import shutil
import subprocess
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.params import load_params
from housebrain.supervision import changes, rounds
from housebrain.supervision.remote import open_remote
from project import change_params, run, set_workers, start_round

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, mlflow_database: Path) -> Path:
    folder = start_round(tmp_path_factory.mktemp("rounds") / "coordinator", tiny_base, mlflow_database)
    run(folder, "git", "init", "-q", "--bare", str(folder.with_name("origin.git")))
    run(folder, "git", "remote", "add", "origin", str(folder.with_name("origin.git")))
    run(folder, "git", "init", "-q", "--bare", str(folder.with_name("fork.git")))
    run(folder, "git", "remote", "add", "a-fork", str(folder.with_name("fork.git")))  # the first by name
    return folder


@pytest.fixture
def coordinator(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    run(prepared, "git", "checkout", "-q", "--", ".")
    monkeypatch.chdir(prepared)
    return prepared


def commit(folder: Path, message: str) -> None:
    run(folder, "git", "commit", "-qam", message)


@pytest.mark.slow
def test_a_round_is_tagged_once_all_is_committed_and_pushed(coordinator: Path) -> None:
    branch = run(coordinator, "git", "branch", "--show-current").strip()
    run(coordinator, "git", "push", "-q", "a-fork", branch)
    assert "HEAD is not on origin" in run(coordinator, "housebrain", "round", "start", ok=False)
    run(coordinator, "git", "push", "-q", "origin", branch)
    (coordinator / "params.yaml").write_text((coordinator / "params.yaml").read_text() + "# a thought\n")
    assert "params.yaml and maybe more is not committed" in run(coordinator, "housebrain", "round", "start", ok=False)
    run(coordinator, "git", "checkout", "-q", "params.yaml")
    printed = run(coordinator, "housebrain", "round", "start")
    assert "round-1 is tagged" in printed and "worker-6" in printed
    assert "round-1" in run(coordinator, "git", "ls-remote", "--tags", "origin")
    run(coordinator, "git", "push", "-q", "--set-upstream", "a-fork", branch)
    run(coordinator, "housebrain", "round", "start")
    assert "round-1" in run(coordinator, "git", "ls-remote", "--tags", "a-fork")
    run(coordinator, "git", "branch", "--unset-upstream")
    run(coordinator, "housebrain", "round", "start")
    change_params(coordinator, merge__scale=1.5)
    commit(coordinator, "later")
    run(coordinator, "git", "push", "-q", "origin", branch)
    assert "round-1: the tag is on another commit" in run(coordinator, "housebrain", "round", "start", ok=False)


@pytest.mark.slow
def test_a_round_on_data_that_is_not_of_these_settings_is_refused(coordinator: Path, tmp_path: Path) -> None:
    """Workers would train on it for days, and the coordinator would then deal the data anew."""
    branch = run(coordinator, "git", "branch", "--show-current").strip()
    change_params(coordinator, split__seed=8, merge__scale=1.25)
    commit(coordinator, "another seed")
    run(coordinator, "git", "push", "-q", "origin", branch)
    run(coordinator, "git", "tag", "--force", "round-1")
    run(coordinator, "git", "tag", "--delete", "round-1")
    refused = run(coordinator, "housebrain", "round", "start", ok=False)
    assert "split: params.yaml.split changed since it ran" in refused
    assert "`dvc repro split init_lora`, commit, push" in refused
    assert not run(coordinator, "git", "tag", "--list", "round-1")
    change_params(coordinator, split__seed=7)
    shutil.move(coordinator / "data/prepared", tmp_path)  # another machine's: `dvc repro --pull` fetches it
    assert rounds._outdated() == ""
    (coordinator / "src/housebrain/dataset/split.py").write_text("# other code\n")
    assert rounds._outdated() == "split: src/housebrain/dataset/split.py"
    shutil.move(tmp_path / "prepared", coordinator / "data/prepared")
    run(coordinator, "git", "reset", "-q", "--hard", "HEAD~1")
    run(coordinator, "git", "tag", "--force", "round-1")


@pytest.mark.slow
def test_what_changed_since_the_tag_is_named(coordinator: Path) -> None:
    tag = "since"
    run(coordinator, "git", "tag", "--force", tag)
    assert changes.changed_since(tag) == []
    change_params(coordinator, merge__scale=2.0, evaluate__briefs=1)  # training doesn't depend on these
    (coordinator / "src/housebrain/merging/merge.py").write_text("# other code\n")
    assert changes.changed_since(tag) == []
    change_params(coordinator, platforms__colab__epochs=7)
    (coordinator / "src/housebrain/training/loop.py").write_text("# other code\n")
    (coordinator / "src/housebrain/training/more.py").write_text("# new code\n")
    assert changes.changed_since(tag) == [
        "src/housebrain/training/loop.py",
        "src/housebrain/training/more.py",
        "platforms.colab.epochs",
    ]
    run(coordinator, "git", "checkout", "-q", "--", ".")
    (coordinator / "src/housebrain/training/more.py").unlink()
    # `dvc repro` would deal other data, and workers' results would be of none of it.
    change_params(coordinator, split__seed=8, prepare__generate_count=7, prepare__processes=2)
    (coordinator / "src/housebrain/solver/solve.py").write_text("# other code\n")
    assert changes.changed_since(tag) == ["src/housebrain/solver/solve.py", "prepare.generate_count", "split.seed"]
    run(coordinator, "git", "checkout", "-q", "--", ".")
    pipeline = (coordinator / "dvc.yaml").read_text()
    (coordinator / "dvc.yaml").write_text(
        pipeline.replace("train_shard.py --shard ${key}", "train_shard.py --shard=${key}")
    )
    lock = (coordinator / "dvc.lock").read_text()
    (coordinator / "dvc.lock").write_text(lock.replace("path: models/lora_init\n", "path: models/lora_init_2\n"))
    assert changes.changed_since(tag) == ["dvc.yaml: train_shard.cmd", "models/lora_init"]
    middle = lock.index("hash: md5\n", len(lock) // 2)
    for size in (0, middle, middle + len("hash: md5\n")):  # dvc is writing it, or was killed meanwhile
        (coordinator / "dvc.lock").write_text(lock[:size])
        with pytest.raises(UserError, match=r"dvc\.lock: it is cut short"):
            changes.changed_since(tag)
    run(coordinator, "git", "checkout", "-q", "--", ".")
    with pytest.raises(UserError, match="git show round-77"):
        changes.changed_since("round-77")


@pytest.mark.slow
def test_what_changed_is_named_before_a_result_is_missed(
    coordinator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(coordinator, "git", "tag", "--force", "round-1")
    params = load_params()
    assert changes.warning(params) == ""
    change_params(coordinator, platforms__colab__epochs=7)
    named = "changed since round-1, so workers' results would not be found: platforms.colab.epochs."
    refused = run(coordinator, "dvc", "repro", "-s", "train_shard@3", ok=False)
    assert "shard 3 is trained by worker-3" in refused and f"`dvc repro --pull -k`. But {named}" in refused
    assert f"warning: {named}" in run(coordinator, "housebrain", "status", "--no-mlflow")
    run(coordinator, "git", "tag", "--delete", "round-1")
    assert changes.warning(params) == ""
    monkeypatch.chdir(tmp_path)  # no git there
    assert changes.warning(params) == ""


@pytest.mark.slow
def test_a_plan_that_does_not_fit_the_remote_is_refused(coordinator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params, remote = load_params(), open_remote()
    planned = rounds.plan(params, remote)
    assert [(row["shard"], row["samples"], row["session_hours"]) for row in planned.rows] == [
        (shard, 6, 12) for shard in range(1, 7)
    ]
    assert planned.rows[0]["steps"] == 6 * 30
    assert planned.rows[0]["hours"] is None
    assert "unknown" in run(coordinator, "housebrain", "round", "plan")
    assert rounds.plan(params.model_copy(update={"rounds": 2}), remote).rows[0]["steps"] == 6 * 30 / 2
    adapter = (coordinator / "models/lora_init/adapter_model.safetensors").stat().st_size
    assert planned.needed_bytes == 6 * adapter * (1 + 3 * 5)
    monkeypatch.setattr(remote, "free_bytes", lambda: planned.needed_bytes - 1)
    with pytest.raises(UserError, match=r"are needed for 6 workers.*lower supervision\.keep_remote"):
        rounds.plan(params, remote)


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 7])
def test_the_data_has_to_be_dealt_to_all_workers_first(coordinator: Path, count: int) -> None:
    set_workers(coordinator, count)
    for command in ("plan", "start"):
        refused = run(coordinator, "housebrain", "round", command, ok=False)
        assert f"data/shards: it holds 6 shards, and params.yaml has {count} workers" in refused
        assert "`dvc repro split init_lora`" in refused


@pytest.mark.slow
def test_a_plan_without_shards_says_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params, remote = load_params(Path(__file__).parents[2] / "params.yaml"), object()
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    with pytest.raises(UserError, match="dvc repro split init_lora"):
        rounds.plan(params, remote)  # type: ignore[arg-type]  # it isn't asked


@pytest.fixture
def crlf_clone(coordinator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone in which git writes CRLF, of a project that doesn't say how lines end; the working directory."""
    run(coordinator, "git", "rm", "-q", "--cached", ".gitattributes")
    run(coordinator, "git", "commit", "-qm", "as before")
    run(coordinator, "git", "tag", "--force", "round-1")
    run(coordinator, "git", "clone", "-q", "-c", "core.autocrlf=true", str(coordinator), str(tmp_path / "clone"))
    run(coordinator, "git", "reset", "-q", "--soft", "HEAD~1")
    run(coordinator, "git", "tag", "--delete", "round-1")
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


@pytest.mark.slow
def test_line_ends_that_git_changes_are_named_as_the_cause(crlf_clone: Path) -> None:
    assert b"\r\n" in (crlf_clone / "stages/train_shard.py").read_bytes()
    printed = run(crlf_clone, "housebrain", "round", "check", ok=False)
    assert "stages/train_shard.py (its lines end in CRLF)" in printed and "core.autocrlf false" in printed
    assert "its lines end in CRLF" in run(crlf_clone, "housebrain", "work", "--shard", "3", ok=False)
    # What the message says.
    run(crlf_clone, "git", "config", "core.autocrlf", "false")
    run(crlf_clone, "git", "rm", "-rq", "--cached", ".")
    run(crlf_clone, "git", "reset", "-q", "--hard")
    assert "nothing that training depends on has changed" in run(crlf_clone, "housebrain", "round", "check")


@pytest.mark.slow
def test_a_clone_has_the_projects_own_line_ends(coordinator: Path, tmp_path: Path) -> None:
    run(coordinator, "git", "clone", "-q", "-c", "core.autocrlf=true", str(coordinator), str(tmp_path / "clone"))
    for name in (*changes.FILES[:2], "params.yaml", "dvc.yaml"):
        assert (tmp_path / "clone" / name).read_bytes() == (coordinator / name).read_bytes()
