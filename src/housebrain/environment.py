"""What processes tell each other past the functions they call: environment variables, and small files.

Nothing else is hidden state: what a stage reads and writes besides is in dvc.yaml. A worker's messages to other
machines are files on the DVC remote; their names are in `supervision/upload.py`, `heartbeat.py` and `lease.py`.
"""

from pathlib import Path

# Environment variables of the project's own.
SHARD = "HOUSEBRAIN_SHARD"
"""Read by stages/train_shard.py: the number of the shard that this machine trains. A shard of a platform other than
`local` is trained only where this says so. Set by `housebrain work`, by a bundle's train.py, or by a person."""
PROCESSES = "HOUSEBRAIN_PROCESSES"
"""Read by `training/processes.py`: how many processes train a shard, in place of one a GPU. Set by a person."""
SUPERVISOR = "HOUSEBRAIN_SUPERVISOR"
"""Read by a training: the id of the process without which it must end. Set by `housebrain work` for the stage, and by
the stage for the processes that it starts."""

# Environment variables of libraries that the code reads or sets.
TRACKING_URI = "MLFLOW_TRACKING_URI"
"""Read by `tracking.py`: MLflow's store, in place of mlflow.db in the project's folder. Where it is set, `housebrain
serve` traces its requests there. Set by a person."""
TRACKING_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
"""Set by `tracking.py`, unless it is set: how often MLflow asks a server again."""
TRACKING_SECONDS = "MLFLOW_HTTP_REQUEST_TIMEOUT"
"""Set by `tracking.py`, unless it is set: how long MLflow waits for a server."""
DRIVE_CREDENTIALS = "GDRIVE_CREDENTIALS_DATA"
"""Read by dvc-gdrive: the credentials of a Drive, as JSON. Set by the notebooks from a secret."""
DRIVE_ASKS_NOBODY = "GDRIVE_NON_INTERACTIVE"
"""Set by `cluster/node.py` and the notebooks: a Drive without credentials is an error there, and no question that a
browser would have to answer."""
RAY_ADDRESS = "RAY_ADDRESS"
"""Read by `cluster/connect.py` and Ray: the cluster's head, for stages whose `engine` is `ray`. Without it they start a
cluster of this machine's own. Set by a person."""
RAY_STATISTICS = "RAY_USAGE_STATS_ENABLED"
"""Set by `cluster/connect.py`, unless it is set: Ray sends no statistics of its use."""
RAY_PROGRESS = "RAY_TQDM"
"""Set by `cluster/connect.py`, unless it is set: progress is shown by this package, not by Ray."""
PATH = "PATH"
"""Set by `cluster/node.py`, with PYTHONPATH, for a shard's training on a node of a cluster: this environment's
programs, and the code of the round's commit."""
PYTHON_PATH = "PYTHONPATH"
PASSED_ON = (
    DRIVE_CREDENTIALS,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "HF_TOKEN",
)
"""Passed on by `cluster/rounds.py` to the nodes of a cluster, where they are set: the remote's and the hub's
credentials."""
SERVER_KEY = "HOUSEBRAIN_SERVER_KEY"
"""Read by `model/server_rows.py`: the key of a server that has the model. Set by a person."""
DATABASE = "HOUSEBRAIN_DATABASE"
"""Read by `housebrain serve`, `keys`, `feedback` and `usage`: the service's store, in place of housebrain.db in this
folder. Set by a person."""
RANK = "RANK"
"""Read and set by `training/processes.py`, read by torch.distributed: a process's number among those that train a shard
together. The first is 0, logs and writes; a process that was started alone has none. LOCAL_RANK is the same."""
LOCAL_RANK = "LOCAL_RANK"
WORLD_SIZE = "WORLD_SIZE"
"""Set by `training/processes.py`, read by torch.distributed: how many they are. LOCAL_WORLD_SIZE is the same."""
LOCAL_WORLD_SIZE = "LOCAL_WORLD_SIZE"
MASTER_ADDR = "MASTER_ADDR"
"""Set by `training/processes.py`, read by torch.distributed: with MASTER_PORT, where they meet, on this machine."""
MASTER_PORT = "MASTER_PORT"
GPUS = "CUDA_VISIBLE_DEVICES"
"""Read by `training/processes.py` and CUDA. Set for a process that trains alone, which shall see one GPU only."""
THREADS = "OMP_NUM_THREADS"
"""Set by `training/processes.py`, unless it is set: the threads of each process's torch."""

# Files in a shard's folder of checkpoints, models/checkpoints/shard-K, by which training and its supervisor talk.
PROGRESS = "progress.json"
"""Written by training at each log step: how far it is. Read for heartbeats."""
STOP = "stop"
"""Written by `housebrain work`, or a person: training saves and ends after its step. It holds the reason. Training
removes it."""
FAILED = "failed.txt"
"""Written by the first process of a training that fails: why. The next start removes it."""
# Files in a checkpoint, models/checkpoints/shard-K/checkpoint-N.
MARKER = "complete.json"
"""Written last: the checkpoint's files and their hashes, its training's key, the versions of the libraries."""
RECORD = "record.json"
"""The run so far, as MLflow will have it. Uploaded beside the checkpoint."""

# Files of one clone of the project, which git and DVC leave alone.
STATE = Path(".dvc/tmp/housebrain")
OWNER = STATE / "owner"
"""This clone's name among all that ever worked on a shard, and the machine and folder that it was given to: a copy of
the clone, elsewhere, gets another."""


def lock_file(shard: int) -> Path:
    """Locked by the system while `housebrain work` has the shard; two at a time are refused."""
    return STATE / f"shard-{shard}.lock"


def pid_file(shard: int) -> Path:
    """The process id of the shard's training and when it began; what a killed `housebrain work` left is ended by it."""
    return STATE / f"shard-{shard}.pid"


SOCKET_SECONDS = 60.0
"""Without an answer for so long a connection to the remote fails, and the call is tried again. It is Python's default
for all sockets of this process, as DVC's libraries set none: `supervision/remote.py` sets it, in every `dvc` it starts
too."""
