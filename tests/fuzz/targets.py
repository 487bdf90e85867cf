"""All fuzzers."""

from fuzz import adapters, checkpoints, designs, feedback, params, records, remote, service, store
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
    designs.TARGET,
    feedback.TARGET,
    service.TARGET,
]
