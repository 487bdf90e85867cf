"""All fuzzers."""

from fuzz import adapters, checkpoints, params, records, remote, store
from fuzz.target import Target

TARGETS: list[Target] = [
    records.TARGET,
    records.BRIEFS,
    params.TARGET,
    adapters.TARGET,
    checkpoints.TARGET,
    remote.TARGET,
    remote.COPIES,
    store.TARGET,
]
