#!/bin/bash
# All shards of a round as a Slurm array job: a task a shard. Submit it from the project's folder, on a file system that
# the nodes see:
#
#   sbatch --array=1-6 cluster/slurm.sh round-1
#   housebrain status --watch        # then `dvc repro --pull`
#
# A task that is preempted, or whose time is over, saves and is queued again: it goes on from its last checkpoint, on
# whichever node. So the time limit may be short.
#SBATCH --job-name=housebrain
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@600
set -euo pipefail

tag=${1:?"the round's tag, such as round-1"}
project=$SLURM_SUBMIT_DIR
shard=$SLURM_ARRAY_TASK_ID
clone=${HOUSEBRAIN_CLONES:-$project/.dvc/tmp/slurm}/$tag-shard-$shard

# The environment is the project's own, made once: python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[all]'
export PATH=$project/.venv/bin:$PATH
export PYTHONPATH=$clone/src
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
export GDRIVE_NON_INTERACTIVE=1

if [ ! -d "$clone" ]; then
    mkdir -p "$(dirname "$clone")"
    git clone -q --branch "$tag" "$project" "$clone.$$"
    [ ! -d "$project/models/base" ] || { mkdir -p "$clone.$$/models" && ln -s "$project/models/base" "$clone.$$/models/base"; }
    mv "$clone.$$" "$clone"
fi
# Also into a clone that is there: the credentials may have been made anew since.
[ ! -f "$project/.dvc/config.local" ] || cp "$project/.dvc/config.local" "$clone/.dvc/"
cd "$clone"

# Slurm's TERM comes to this script alone; `work` answers it by saving, and ends with status 75.
housebrain work --shard "$shard" &
work=$!
trap 'kill -TERM "$work" 2>/dev/null || true' TERM
status=0
wait "$work" || status=$?
while kill -0 "$work" 2>/dev/null; do # the trap ended the wait, not the training
    status=0
    wait "$work" || status=$?
done
if [ "$status" = 75 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$shard"
fi
exit "$status"
