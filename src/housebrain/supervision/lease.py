"""One worker a shard: a lease on the remote, held by sending heartbeats.

No store used here can create a file only if there is none, so a claim is made in the open: a worker looks for another
that is alive, announces itself with a generation above all it has seen, waits until that must have shown, and looks
again. The highest generation has the shard, and of equal ones the smaller owner's. A worker that slept while it was
taken over sees the higher generation when it wakes, and stops.

Whether another is alive is judged by new heartbeats appearing while this machine's own clock runs, so clocks may
disagree; only a heartbeat older than any skew is dead at first sight.
"""

import time
from collections.abc import Callable

from housebrain.errors import UserError
from housebrain.params import Supervision
from housebrain.supervision import heartbeat
from housebrain.supervision.heartbeat import ACTIVE, Heartbeat
from housebrain.supervision.remote import Remote


class LeaseLostError(UserError):
    """Another worker has taken the shard over."""


class Lease:
    """The right to train a shard.

    Args:
        remote: where heartbeats are.
        mine: this worker's state; it is changed by its holder and sent by `beat`.
        settings: intervals, in seconds.
        sleep, clock, wall: of time, for tests.
    """

    def __init__(
        self,
        remote: Remote,
        mine: Heartbeat,
        settings: Supervision,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.remote = remote
        self.mine = mine
        self.settings = settings
        self._sleep, self._clock, self._wall = sleep, clock, wall

    def _others(self) -> list[str]:
        """The newest heartbeat's name of every other owner."""
        names = heartbeat.beats(self.remote, self.mine.round, self.mine.shard)
        by_owner = {heartbeat.owner_of(name): name for name in names}
        by_owner.pop(self.mine.owner, None)
        return sorted(by_owner.values())

    def _read(self, names: list[str]) -> list[Heartbeat]:
        found = (heartbeat.read_beat(self.remote, self.mine.round, self.mine.shard, name) for name in names)
        return [beat for beat in found if beat is not None]

    def _winner(self) -> Heartbeat | None:
        """Another worker whose claim is above this one's."""
        rank = (-self.mine.generation, self.mine.owner)
        active = [beat for beat in self._read(self._others()) if beat.state in ACTIVE]
        above = [beat for beat in active if (-beat.generation, beat.owner) < rank]
        return min(above, key=lambda beat: (-beat.generation, beat.owner), default=None)

    def acquire(self) -> None:
        """Takes the lease; takes it over, and says so, where its holder's heartbeat has gone stale.

        Raises:
            UserError: another worker is alive and has the shard.
        """
        others = self._read(self._others())
        for beat in others:
            if beat.state in ACTIVE:
                self._wait_until_stale(beat)
        self.mine.generation = max([beat.generation for beat in others], default=0) + 1
        self.mine.state = "starting"
        heartbeat.send(self.remote, self.mine)
        self._sleep(self.settings.settle_seconds)
        if winner := self._winner():
            self.release("released", "another worker announced itself at the same time")
            raise UserError(
                f"shard {self.mine.shard}: {winner.worker} ({winner.owner}) announced itself at the same moment and "
                "has it. Train another shard, or run this again when it has ended."
            )

    def _wait_until_stale(self, beat: Heartbeat) -> None:
        """Returns once `beat`'s sender is taken to be gone."""
        settings = self.settings
        age_seconds = self._wall() - beat.time_ms / 1000
        if age_seconds < settings.expiry_seconds + settings.clock_skew_seconds:
            print(
                f"shard {self.mine.shard}: {beat.worker} ({beat.owner}) was at step {beat.step} "
                f"{max(0, age_seconds):.0f} s ago; looking for up to {settings.expiry_seconds:.0f} s whether it lives",
                flush=True,
            )
            seen = f"-{beat.owner}.json"
            newest = max((name for name in self._others() if name.endswith(seen)), default="")
            started = self._clock()
            while self._clock() - started < settings.expiry_seconds:
                self._sleep(min(settings.heartbeat_seconds / 4, settings.expiry_seconds))
                later = [name for name in self._others() if name.endswith(seen) and name > newest]
                if (now := next(iter(self._read(later)), None)) and now.state in ACTIVE:
                    raise UserError(
                        f"shard {self.mine.shard}: {now.worker} ({now.owner}) is training it, at step {now.step}. Stop "
                        "it there first, or train another shard."
                    )
                if later:  # it has let go
                    return
        print(
            f"shard {self.mine.shard}: taking over the stale lease of {beat.worker} ({beat.owner}), last heard of at "
            f"step {beat.step}",
            flush=True,
        )

    def beat(self) -> None:
        """Sends this worker's state.

        Raises:
            LeaseLostError: another worker took the shard over, which it does only after a long silence of this one.
        """
        if winner := self._winner():
            raise LeaseLostError(
                f"shard {self.mine.shard}: {winner.worker} ({winner.owner}) has taken it over. This worker stops; its "
                "last checkpoint on the remote is used there."
            )
        heartbeat.send(self.remote, self.mine)

    def release(self, state: heartbeat.State, message: str = "") -> None:
        """Sends a last state, under which the shard is anyone's."""
        self.mine.state, self.mine.message = state, message
        heartbeat.send(self.remote, self.mine)
