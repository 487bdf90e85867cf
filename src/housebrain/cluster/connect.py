"""A Ray cluster from its first call to its last: one that is there, or one of this machine's cores."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from housebrain.environment import RAY_ADDRESS, RAY_PROGRESS, RAY_STATISTICS
from housebrain.errors import UserError

LOCAL = "local"
SECONDS = 10.0  # to answer
OBJECT_STORE_BYTES = 512 * 1024**2  # of a cluster that is started here; a cluster's own is set where it is started
PACKAGE = Path(__file__).parents[1]


def address_given() -> str:
    """The cluster that RAY_ADDRESS names, else `local`."""
    return os.environ.get(RAY_ADDRESS) or LOCAL


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connects to a cluster; its nodes run this very package, whichever they have.

    Args:
        address: `HOST:PORT` of the cluster's head, `auto` on one of its nodes, or `local`, which starts one on this
            machine and ends it with the body.

    Raises:
        UserError: Ray isn't installed, or no cluster answers there.
    """
    os.environ.setdefault(RAY_STATISTICS, "0")
    os.environ.setdefault(RAY_PROGRESS, "0")
    if find_spec("ray") is None:
        raise UserError("ray is not installed. Run `pip install 'housebrain[cluster]'`.")
    import ray
    import ray.data

    if address not in (LOCAL, "auto"):
        _check_answers(address)
    logging.getLogger("ray.data").setLevel(logging.WARNING)  # after its import, which sets it
    started_here = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES} if address == LOCAL else {}
    try:
        ray.init(
            address=address,
            runtime_env={"py_modules": [str(PACKAGE)]},
            log_to_driver=False,
            configure_logging=False,
            **started_here,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"{address}: no Ray cluster of this version of Ray and Python answers there ({reason}). Start one with "
            "`ray start --head`, or give local."
        ) from error
    if address != LOCAL:
        nodes = [node for node in ray.nodes() if node["Alive"]]
        print(f"ray: {len(nodes)} nodes, {ray.cluster_resources().get('CPU', 0):g} CPUs", file=sys.stderr)
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, UserError):  # its own words: Ray's copy of it says the node's traceback
            raise error.cause from None
        raise
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Looks whether anything listens there: Ray itself would wait for minutes and end with no word of the address.

    Raises:
        UserError: nothing does, or it is no address.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        raise UserError(f"{address}: no address of a Ray cluster. Give HOST:PORT of its head, auto, or local.")
    try:
        socket.create_connection((host, int(port)), SECONDS).close()
    except OSError as error:
        raise UserError(
            f"{address}: nothing answers there ({error}). Start a cluster with `ray start --head`, correct the "
            "address, or give local."
        ) from error
