"""What a person wants to be woken for, found by comparing what workers say now with what they said before."""

import logging
import time
from collections.abc import Callable

from housebrain.errors import UserError
from housebrain.params import Params
from housebrain.supervision.heartbeat import ACTIVE, Heartbeat
from housebrain.supervision.polling import poll
from housebrain.supervision.remote import Remote
from housebrain.supervision.status import duration, look, state_of

RISEN = 1.5  # a loss this many times its lowest of the last 20 is rising
NEAR_SECONDS = 1800.0  # before a session's deadline
FULL_BYTES = 10**9  # free space on the remote under which it counts as nearly full


def alerts_of(beat: Heartbeat, params: Params, now_seconds: float) -> dict[str, str]:
    """What a person has to know of one worker: messages by kind, none where all is well."""
    found = {}
    name = f"shard {beat.shard} ({beat.worker})"
    at = f"step {beat.step}/{beat.total_steps}"
    state = state_of(beat, params.supervision.expiry_seconds, now_seconds)
    if state == "stale":
        heard = duration(now_seconds - beat.time_ms / 1000)
        found["stale"] = (
            f"{name}: not heard of for {heard}, last at {at}. "
            f"Start `housebrain work --shard {beat.shard}` again, there or on another machine."
        )
    if beat.state == "failed":
        found["failed"] = f"{name}: failed at {at}: {beat.message}"
    if beat.state == "incomplete":
        found["incomplete"] = f"{name}: its session ended at {at}. Start it again."
    if beat.state == "done":
        found["done"] = f"{name}: trained and pushed."
    # A loss that is not finite ends training: it comes as `failed`.
    if beat.losses and beat.losses[-1] > RISEN * min(beat.losses):
        found["rising"] = f"{name}: its loss rose from {min(beat.losses):.3f} to {beat.losses[-1]:.3f} at {at}."
    if beat.deadline_ms is not None and state in ACTIVE:
        left = beat.deadline_ms / 1000 - now_seconds
        if left < NEAR_SECONDS and (beat.seconds_left is None or beat.seconds_left > left):
            found["deadline"] = f"{name}: its session ends in {duration(max(0, left))}, before its training does."
    return found


class Watch:
    """Says each thing once, and again only after it was over.

    Args:
        params: of the project.
        send: called with a message; says whether it reached anybody. What did not is sent again at the next look.
    """

    def __init__(self, params: Params, send: Callable[[str], bool]) -> None:
        self.params = params
        self.send = send
        self._sent: set[tuple[int, str, str]] = set()  # shard, owner, kind; shard 0 is the remote

    def look(self, beats: dict[int, Heartbeat | None], now_seconds: float) -> None:
        """Sends what is new in the workers' heartbeats."""
        found = {}
        for shard, beat in beats.items():
            if beat is not None:
                for kind, message in alerts_of(beat, self.params, now_seconds).items():
                    found[shard, beat.owner, kind] = message
        self._send_new(found, remote=False)

    def look_at(self, remote: Remote) -> None:
        """Sends word where the remote is nearly full.

        Raises:
            UserError: the remote can't be asked.
        """
        free = remote.free_bytes()
        full = free is not None and free < FULL_BYTES
        message = f"remote {remote.name}: only {(free or 0) / 1e9:.2f} GB are free. Remove what is not needed."
        self._send_new({(0, "remote", "full"): message} if full else {}, remote=True)

    def report_trouble(self, error: UserError) -> None:
        """Sends word that the remote failed."""
        self._send_new({(0, "remote", "failing"): str(error)}, remote=True)

    def follow(self, remote: Remote, every_seconds: float, again: bool = True) -> None:
        """Looks at the workers and the remote, once or again and again; a failed look is trouble to send word of.

        Args:
            remote: where workers write.
            every_seconds: the pause between two looks.
            again: whether there is more than one look.
        """

        def look_once() -> None:
            self.look(look(remote, self.params), time.time())
            self.look_at(remote)

        poll(look_once, self.report_trouble, every_seconds, again)

    def _send_new(self, found: dict[tuple[int, str, str], str], remote: bool) -> None:
        told = {key for key, message in found.items() if key in self._sent or self.send(message)}
        self._sent = {key for key in self._sent if (key[0] == 0) != remote} | told


def notifier(addresses: list[str]) -> Callable[[str], bool]:
    """Sends through every address, and prints; says whether any took it, or there is none.

    Args:
        addresses: apprise's (https://github.com/caronc/apprise/wiki), such as `mailto://`, `slack://`, `ntfy://topic`.

    Raises:
        UserError: an address is none of apprise's.
    """
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would show the address
    services = [apprise.Apprise() for _ in addresses]
    for number, (service, address) in enumerate(zip(services, addresses, strict=True), 1):
        if not service.add(address):  # which is not shown: it holds a token or a password
            scheme, colon, _ = address.partition("://")
            raise UserError(
                f"--notify: address {number} {f'({scheme}://...) ' if colon else ''}is none that apprise knows. "
                "https://github.com/caronc/apprise/wiki lists them, such as ntfy://TOPIC: correct it."
            )

    def send(message: str) -> bool:
        print(message, flush=True)
        taken = [bool(service.notify(title="HouseBrain", body=message)) for service in services]
        if not all(taken):
            print("warning: the message could not be sent to every address", flush=True)
        return any(taken) or not services

    return send
