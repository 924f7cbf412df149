"""Whether another `make run` is in the way of this one, found out before anything is changed.

A second one on the same cluster may be wanted, to see it take over. Then it needs ports of its own,
and leaves the webhooks to the first: the API server is led to one of the two, and would be led
nowhere once that has ended. So all that is in the way is told at once, with the flags that help.
"""

import contextlib
import errno
import hashlib
import os
import shlex
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from controller.config import Config
from controller.runtime.registration import Family
from controller.runtime.webhook.options import LOOPBACK
from hack.cluster.layout import clusters_home
from hack.cluster.lock import take
from informers.errors import ConfigError

STEP: Final = 10
"""From a port that is taken to the next that is offered: those of one manager are neighbours."""
PORTS: Final = 2**16
WEBHOOKS: Final = "--webhook-address"


@contextlib.contextmanager
def turn(server: str) -> Iterator[str]:
    """Be the `make run` of a cluster; yields who is already, or nothing.

    That is told by a lock, which ends with its holder, however that ends.
    """
    path = _lock(server)
    try:
        descriptor = take(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}", remedy="let XDG_STATE_HOME name a folder of yours"
        ) from error
    if descriptor is None:
        yield _holder(path)
        return
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield ""
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        with contextlib.suppress(OSError):  # others have something in there
            path.parent.rmdir()


def _lock(server: str) -> Path:
    """The lock of a cluster; beside the clusters of this user, as it may be none of them."""
    digest = hashlib.sha256(server.encode()).hexdigest()[:16]
    return clusters_home().parent / f"run-{digest}.lock"


def _holder(path: Path) -> str:
    try:
        return f"process {int(path.read_text())}"
    except (OSError, ValueError):  # it ends, or has just begun
        return "another process"


def check(
    settings: Config, arguments: Sequence[str], *, families: Sequence[Family], other: str
) -> None:
    """Refuse to start what could not serve, or would take another's webhooks.

    Args:
        settings: What the manager is going to do.
        arguments: What the user said to `make run`, to be repeated.
        families: Those it hosts, if no setting says otherwise.
        other: Who is the `make run` of the cluster, or nothing.

    Raises:
        ConfigError: With everything that is in the way, and the flags with which nothing is.
    """
    has_webhooks = _serves_webhooks(settings, families)
    addresses = _addresses(settings, has_webhooks=has_webhooks)
    taken = {flag: address for flag, address in addresses.items() if is_taken(address)}
    if not taken and not (other and has_webhooks):
        return
    flags = _spare(taken, list(addresses.values()))
    if other and has_webhooks:
        flags = {flag: said for flag, said in flags.items() if flag != WEBHOOKS}
        flags["--webhooks"] = "off"
    command = _command(arguments, flags)
    if other:
        raise ConfigError(
            f"one runs on this cluster already ({other})",
            remedy=f"end that first, or have this one stand by beside it: {command}",
        )
    raise ConfigError(
        f"in use by a `make run` on another cluster, or by another program: "
        f"{', '.join(taken.values())}",
        remedy=f"end that, or use others: {command}",
    )


def _serves_webhooks(settings: Config, families: Sequence[Family]) -> bool:
    """Whether it serves webhooks; outside of a cluster `auto` is off."""
    hosted = [each for each in families if not settings.families or each.name in settings.families]
    return settings.webhooks in ("url", "service") and any(each.webhooks for each in hosted)


def _addresses(settings: Config, *, has_webhooks: bool) -> dict[str, str]:
    """Return all that will be listened at, by the flags that say so."""
    found = {
        "--probe-address": settings.probe_address,
        "--metrics-address": settings.metrics_address,
        "--debug-address": settings.debug_address,
    }
    if has_webhooks:
        host, _, port = settings.webhook_address.rpartition(":")
        found[WEBHOOKS] = f"{LOOPBACK if settings.webhooks == 'url' else host}:{port}"
    return {flag: address for flag, address in found.items() if address}


def is_taken(address: str) -> bool:
    """Whether somebody listens there; whatever else may be wrong with it, the manager tells."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    dual = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual or ":" in host else socket.AF_INET
    try:
        socket.create_server((host, int(port)), family=family, dualstack_ipv6=dual).close()
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _spare(taken: dict[str, str], wanted: list[str]) -> dict[str, str]:
    """Return addresses that are free, each beside one that is not and unlike all others."""
    found: dict[str, str] = {}
    for flag, address in taken.items():
        host, _, port = address.rpartition(":")
        used = {each.rpartition(":")[2] for each in (*wanted, *found.values())}
        later = (
            f"{host}:{each}"
            for each in range(int(port) + STEP, PORTS, STEP)
            if str(each) not in used
        )
        found[flag] = next((each for each in later if not is_taken(each)), f"{host}:0")
    return found


def _command(arguments: Sequence[str], flags: dict[str, str]) -> str:
    """Return the same command with these flags, of which the last that is said counts."""
    kept = [word for word in arguments if word.partition("=")[0] not in flags or "=" not in word]
    words = shlex.join([*kept, *(f"{flag}={said}" for flag, said in flags.items())])
    context = os.environ.get("CONTEXT", "")
    return f'make run{f" CONTEXT={shlex.quote(context)}" if context else ""} ARGS="{words}"'
