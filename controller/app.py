"""From a `Config` to a running manager: the whole wiring, in the order in which it is needed.

Connecting comes first and tells what is wrong in one line: a server that does not answer is waited
for, because it may be starting; credentials that are refused or a server that is too old are not.
"""

import asyncio
import functools
from collections.abc import Sequence
from typing import Final

import msgspec

from controller.config import Config
from controller.families import FAMILIES
from controller.runtime.controller import Controller
from controller.runtime.election.elector import Elector
from controller.runtime.manager import LifecycleLog, Manager
from controller.runtime.obs.log import Log
from controller.runtime.obs.observability import Observability
from controller.runtime.registration import Family
from controller.runtime.runtime import Runtime
from informers.client import Client, Fence
from informers.clock import Clock, LoopClock
from informers.connection import Connection, connect
from informers.errors import ConfigError, Forbidden, StatusError, TransportError, Unauthorized
from informers.factory import Informers
from informers.request import Request
from informers.shared import EVERYWHERE

OLDEST_MINOR: Final = 28
ASK_AGAIN_SECONDS: Final = 2.0
ASK_SECONDS: Final = 5.0
USER_AGENT: Final = "pentad/0.1.0"
REVIEWS: Final = 4
LEAST_REFRESH_SECONDS: Final = 1.0
MOST_REFRESH_SECONDS: Final = 3600.0
VERSION: Final = Request(method="GET", path="/version")


class _Version(msgspec.Struct, rename="camel"):
    major: str = ""
    minor: str = ""
    git_version: str = ""


async def run(config: Config, log: LifecycleLog, *, families: Sequence[Family] = FAMILIES) -> int:
    """Run the manager; returns its exit code.

    Raises:
        ConfigError: If it cannot start; the message says what to do about it.
    """
    clock = LoopClock()
    connection = await connect(
        kubeconfig=config.kubeconfig or None, context=config.context or None, clock=clock
    )
    elector = _elector(config, connection, log)
    client = Client(connection, clock=clock, fence=_fence(elector), user_agent=USER_AGENT)
    try:
        await wait_for_server(client, connection, log, clock, seconds=config.sync_seconds)
    except BaseException:
        await client.close()
        raise
    informers = Informers(client, namespaces=config.namespaces or EVERYWHERE)
    runtime = Runtime(client, informers, log=log)
    observability = Observability(
        config,
        runtime,
        reviews=Client(connection, clock=clock, user_agent=USER_AGENT, connections=REVIEWS),
        log=log,
        level=log.level if isinstance(log, Log) else None,
    )
    manager = Manager(
        runtime,
        _controllers(config, runtime, families),
        log=log,
        elector=elector,
        servers=[observability],
        background=[functools.partial(keep_credentials, connection, log, clock)],
        stop_seconds=config.stop_seconds,
    )
    observability.attach(manager, elector, recorders=[runtime.recorder])
    manager.install_signals()
    return await manager.run()


async def keep_credentials(connection: Connection, log: LifecycleLog, clock: Clock) -> None:
    """Renew credentials when they are due, though nothing may be sent: the election uses them."""
    while True:
        wait = connection.due - clock.monotonic()
        await clock.sleep(min(max(wait, LEAST_REFRESH_SECONDS), MOST_REFRESH_SECONDS))
        if clock.monotonic() < connection.due:
            continue
        try:
            await connection.refresh()
        except ConfigError as error:
            log.warning("credentials_cannot_be_renewed", error=str(error))


def _elector(config: Config, connection: Connection, log: LifecycleLog) -> Elector | None:
    if not config.leader_elect:
        return None
    return Elector(config.election(connection.namespace), connection, log=log.info)


def _fence(elector: Elector | None) -> Fence | None:
    return None if elector is None else elector.fence


def _controllers(config: Config, runtime: Runtime, families: Sequence[Family]) -> list[Controller]:
    wanted = [
        family for family in families if not config.families or family.name in config.families
    ]
    specs = [spec for family in wanted for spec in family.controllers]
    return [spec.set_up(runtime) for spec in specs]


async def wait_for_server(
    client: Client, connection: Connection, log: LifecycleLog, clock: Clock, *, seconds: float
) -> None:
    """Wait until the server answers, and refuse one that is too old or refuses us.

    Raises:
        ConfigError: If waiting longer, or at all, does not help.
    """
    deadline = clock.monotonic() + seconds
    while True:
        try:
            response = await client.send(
                Request(method="GET", path="/version"), timeout=ASK_SECONDS
            )
        except (Unauthorized, Forbidden) as error:
            raise ConfigError(f"{connection.server} refuses us", remedy=error.message) from error
        except (TransportError, StatusError) as error:
            if connection.failure is not None:
                raise connection.failure from error
            if clock.monotonic() + ASK_AGAIN_SECONDS >= deadline:
                raise ConfigError(f"gave up after {seconds:g} s: {error}") from error
            log.warning("waiting_for_api_server", server=connection.server, error=str(error))
            await clock.sleep(ASK_AGAIN_SECONDS)
        else:
            _check_version(msgspec.json.decode(response.body, type=_Version))
            return


def _check_version(version: _Version) -> None:
    minor = int("".join(filter(str.isdigit, version.minor)) or OLDEST_MINOR)
    if version.major == "1" and minor < OLDEST_MINOR:
        raise ConfigError(
            f"the API server is Kubernetes {version.git_version}",
            remedy=f"upgrade it to 1.{OLDEST_MINOR} or newer",
        )


def run_forever(config: Config, log: LifecycleLog, *, families: Sequence[Family] = FAMILIES) -> int:
    """Run the manager on the fastest event loop there is."""
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return asyncio.run(run(config, log, families=families))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(config, log, families=families))
