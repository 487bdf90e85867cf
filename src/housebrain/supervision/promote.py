"""Making a shard's last good checkpoint its result, when its worker never comes back."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from housebrain.environment import RECORD
from housebrain.errors import UserError
from housebrain.files import atomic_folder, read_json
from housebrain.model.base import ensure_base
from housebrain.model.lora_init import write_config
from housebrain.params import Params
from housebrain.shard import Shard
from housebrain.supervision.remote import open_remote, run_dvc
from housebrain.supervision.upload import restore
from housebrain.tracking import RunRecord
from housebrain.training.checkpoints import newest, step_of, versions_of
from housebrain.training.fingerprint import fingerprint, training_key
from housebrain.training.result import finished, summarize, write_curves, write_result


def promote(shard: Shard, params: Params) -> dict[str, Any]:
    """Writes the result of a shard from its newest good checkpoint on the remote, and tells DVC of it.

    Steps done and planned are in the report and in MLflow, as they are for every shard. In params.yaml's `merge`
    `strategy: weighted`, `metric: steps` and `parameters: {formula_name: proportional}` together let it count for less;
    the softmax of `weighted` would give all the weight to the fewest steps, or to the most.

    Returns:
        The summary of the training as far as it got.

    Raises:
        UserError: there is no good checkpoint of this very training, or it is from before the first loss was logged.
    """
    params.platform(shard)
    remote = open_remote()
    ensure_base(params)
    run_dvc("pull", shard.data.as_posix(), shard.init.as_posix())
    made_from = fingerprint(shard, params)
    key = training_key(made_from)
    with tempfile.TemporaryDirectory(dir=".dvc/tmp") as temporary:
        local = Path(temporary) / "checkpoints"
        restore(remote, key, shard.number, local)
        checkpoint = newest(local, key)
        if checkpoint is None:
            raise UserError(
                f"{shard.name}: the remote has no good checkpoint of this round's training. Train it: "
                f"`housebrain work --shard {shard.number}` on any machine."
            )
        state = read_json(checkpoint / "trainer_state.json")
        record = RunRecord.model_validate_json((checkpoint / RECORD).read_text())
        record.tags["promoted_from_step"] = str(step_of(checkpoint))
        history = state["log_history"]
        summary = summarize(history, state["global_step"], state["max_steps"], record)
        with atomic_folder(shard.out) as folder:
            shutil.copy(checkpoint / "adapter_model.safetensors", folder)
            write_config(read_json(checkpoint / "adapter_config.json"), made_from["shared"]["base"], folder)
            made_from["versions"] = versions_of(checkpoint)  # not this machine's
            write_result(folder, made_from, finished(record, history, summary))
        write_curves(history, summary, shard)
    run_dvc("commit", "--force", f"train_shard@{shard.number}")
    return summary
