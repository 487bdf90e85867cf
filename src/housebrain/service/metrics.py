"""What Prometheus reads of a service."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 60)
FEET = (0.0, 0.5, 1, 2, 4, 8, 16)


class Metrics:
    """A registry of its own for each service, so that two in one process don't add up."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "housebrain_requests_total", "Requests answered", ["route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "housebrain_request_seconds", "From a request to its answer", ["route"], buckets=SECONDS, registry=registry
        )
        self.design_seconds = Histogram(
            "housebrain_design_seconds",
            "From a brief to its checked houses",
            ["engine"],
            buckets=SECONDS,
            registry=registry,
        )
        self.waiting = Gauge("housebrain_queue_requests", "Requests that run or wait for their turn", registry=registry)
        self.tokens = Counter("housebrain_tokens_total", "Tokens of the model's answers", registry=registry)
        self.designs = Counter("housebrain_designs_total", "Houses designed", ["engine", "source"], registry=registry)
        self.as_answered = Counter(
            "housebrain_valid_before_finishing_total",
            "The model's answers that were valid as they came",
            registry=registry,
        )
        self.moved_ft = Histogram(
            "housebrain_moved_feet",
            "How far finishing moved a house's rooms, on average",
            buckets=FEET,
            registry=registry,
        )
        self.refusals = Counter(
            "housebrain_refusals_total", "Briefs that no house was made for", ["reason"], registry=registry
        )
        self.feedback = Counter(
            "housebrain_feedback_total", "What clients said of designs", ["verdict"], registry=registry
        )

    def text(self) -> bytes:
        return generate_latest(self.registry)
