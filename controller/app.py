"""From a `Config` to a running manager: the whole wiring, in the order in which it is needed.

Connecting comes first and tells what is wrong in one line: a server that does not answer is waited
for, because it may be starting; credentials that are refused or a server that is too old are not.
"""

import asyncio
import contextlib
import functools
import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from controller.config import Config
from controller.ending import Ending
from controller.families import FAMILIES
from controller.ownimage import own_image
from controller.runtime.controller import Controller
from controller.runtime.election.elector import Elector
from controller.runtime.manager import CLOSED, GONE, LifecycleLog, Manager
from controller.runtime.obs.log import Log
from controller.runtime.obs.observability import Observability
from controller.runtime.registration import Family
from controller.runtime.runtime import Runtime
from controller.runtime.source import Log as SourceLog
from informers.client import Client, Fence
from informers.clock import Clock, LoopClock
from informers.connection import Connection, connect
from informers.errors import (
    BadRequest,
    ConfigError,
    Forbidden,
    MethodNotSupported,
    NotFound,
    StatusError,
    TransportError,
    Unauthorized,
)
from informers.factory import Informers
from informers.meta.errors import UNREADABLE
from informers.request import Request
from informers.shared import EVERYWHERE

if TYPE_CHECKING:
    from controller.runtime.obs.tracing import Tracing
    from controller.runtime.webhook.service import Webhooks

OLDEST: Final = (1, 30)
"""The oldest that this was run with; see docs/guide/cluster.md."""
IN_CLUSTER: Final = "in-cluster"
"""What a pod's own connection calls its context."""
ASK_AGAIN_SECONDS: Final = 2.0
ASK_SECONDS: Final = 5.0
OTLP: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The variables by which OpenTelemetry's own tools are told where traces go."""
USER_AGENT: Final = "pentad/0.1.0"
REVIEWS: Final = 4
LEAST_REFRESH_SECONDS: Final = 1.0
MOST_REFRESH_SECONDS: Final = 3600.0
REFUSALS: Final = 400
"""Codes from here on are errors; those before lead elsewhere."""
VERSION: Final = Request(method="GET", path="/version")
_LEADING: Final = re.compile(r"\d+")


class _Version(msgspec.Struct, rename="camel"):
    major: str = ""
    minor: str = ""
    git_version: str = ""


async def run(config: Config, log: LifecycleLog, *, families: Sequence[Family] = FAMILIES) -> int:
    """Run the manager; returns its exit code.

    Raises:
        ConfigError: If it cannot start; the message says what to do about it.
    """
    clock, tracing = LoopClock(), _tracing(config)
    connection = await connect(
        kubeconfig=config.kubeconfig or None, context=config.context or None, clock=clock
    )
    refused = asyncio.Event()
    elector = _elector(config, connection, log, refused)
    client = Client(connection, clock=clock, fence=_fence(elector), user_agent=USER_AGENT)
    client.caveats.tell = lambda request, text: log.warning(
        "api_server_warns", request=str(request), text=text
    )
    try:
        await wait_for_server(client, connection, log, clock, seconds=config.sync_seconds)
    except BaseException:
        await client.close()
        raise
    informers = Informers(client, namespaces=config.namespaces or EVERYWHERE)
    runtime = Runtime(
        client,
        informers,
        log=log,
        namespace=connection.namespace,
        reaches_pods=_reaches_pods(config, connection),
        image=await _image(config, connection, client),
    )
    observability = Observability(
        config,
        runtime,
        reviews=Client(connection, clock=clock, user_agent=USER_AGENT, connections=REVIEWS),
        log=log,
        level=log.level if isinstance(log, Log) else None,
    )
    webhooks = _webhooks(config, connection, families, log=log, clock=clock)
    manager = Manager(
        runtime,
        _controllers(config, runtime, families),
        log=log,
        elector=elector,
        servers=[each for each in (observability, webhooks, tracing) if each is not None],
        background=[functools.partial(keep_credentials, connection, log, clock, refused)],
        stop_seconds=config.stop_seconds,
        sync_seconds=config.sync_seconds,
    )
    observability.attach(manager, elector, recorders=[runtime.recorder])
    if webhooks is not None:
        observability.probes.ready["webhooks"] = webhooks.unready
        observability.extra.append(webhooks.collector)
    _show(_wanted(config, families), manager, observability, tracing)
    manager.install_signals()
    return await manager.run()


def _show(
    families: Sequence[Family],
    manager: Manager,
    observability: Observability,
    tracing: "Tracing | None",
) -> None:
    """Have families tell their figures, and reconciles be traced if that is wanted."""
    for figures in (each for family in families for each in family.figures):
        observability.tell(figures.reader(manager.runtime))
    if tracing is not None:
        tracing.follow_requests(manager.runtime.client)
        for controller in manager.controllers:
            tracing.follow(controller)


async def keep_credentials(
    connection: Connection, log: LifecycleLog, clock: Clock, refused: asyncio.Event
) -> None:
    """Renew credentials when they are due, though nothing may be sent: the election uses them.

    It sets `refused` when the server does not take them: then they are renewed before that.
    """
    while True:
        wait = connection.due - clock.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(max(wait, LEAST_REFRESH_SECONDS), MOST_REFRESH_SECONDS)):
                await refused.wait()
        is_forced = refused.is_set()
        refused.clear()
        if not is_forced and clock.monotonic() < connection.due:
            continue
        try:
            await connection.refresh(force=is_forced)
        except ConfigError as error:
            log.warning("credentials_cannot_be_renewed", error=str(error))


async def _image(config: Config, connection: Connection, client: Client) -> str:
    if config.image or connection.context != IN_CLUSTER:
        return config.image
    return await own_image(client, connection.namespace)


def _reaches_pods(config: Config, connection: Connection) -> bool:
    if config.reach_pods == "auto":
        return connection.context == IN_CLUSTER
    return config.reach_pods == "always"


def _elector(
    config: Config, connection: Connection, log: LifecycleLog, refused: asyncio.Event
) -> Elector | None:
    if not config.leader_elect:
        return None
    election = config.election(connection.namespace)
    return Elector(election, connection, log=log.info, on_unauthorized=refused.set)


def _fence(elector: Elector | None) -> Fence | None:
    return None if elector is None else elector.fence


def _wanted(config: Config, families: Sequence[Family]) -> list[Family]:
    return [family for family in families if not config.families or family.name in config.families]


def _controllers(config: Config, runtime: Runtime, families: Sequence[Family]) -> list[Controller]:
    specs = [spec for family in _wanted(config, families) for spec in family.controllers]
    return [spec.set_up(runtime) for spec in specs]


def _tracing(config: Config) -> "Tracing | None":
    """What sends traces, if they are wanted; nothing of it is loaded otherwise."""
    said = config.tracing_endpoint
    if not (said or any(os.environ.get(name) for name in OTLP)) or said == "off":
        return None
    from controller.runtime.obs.tracing import (  # noqa: PLC0415 - loaded where it is used
        Tracing,
        exporter,
    )

    return Tracing(exporter(said))


def _webhooks(
    config: Config,
    connection: Connection,
    families: Sequence[Family],
    *,
    log: LifecycleLog,
    clock: Clock,
) -> "Webhooks | None":
    """The server of the families' webhooks, if there are any and they are to be served."""
    chosen = [hook for family in _wanted(config, families) for hook in family.webhooks]
    mode = config.webhooks
    if mode == "auto":
        mode = "service" if connection.context == IN_CLUSTER else "off"
    if mode == "off" or not chosen:
        return None
    from controller.runtime.webhook.options import (  # noqa: PLC0415 - loaded where it is used
        WebhookOptions,
    )
    from controller.runtime.webhook.service import Webhooks  # noqa: PLC0415 - as above

    host, _, port = config.webhook_address.rpartition(":")
    options = WebhookOptions(
        mode="url" if mode == "url" else "service",
        host=host.strip("[]"),
        port=int(port),
        service=config.webhook_service,
        configurations=config.webhook_configurations,
        namespace=connection.namespace,
        cert_dir=config.webhook_cert_dir,
    )
    client = Client(connection, clock=clock, user_agent=USER_AGENT, connections=REVIEWS)
    return Webhooks(chosen, client, log=log, options=options)


async def wait_for_server(
    client: Client, connection: Connection, log: SourceLog, clock: Clock, *, seconds: float
) -> None:
    """Wait until the server answers, and refuse one that is too old or refuses us.

    Raises:
        ConfigError: If waiting longer, or at all, does not help.
    """
    deadline = clock.monotonic() + seconds
    while True:
        try:
            response = await client.send(VERSION, timeout=ASK_SECONDS)
        except Unauthorized as error:
            raise ConfigError(f"{connection.server} refuses us", remedy=error.message) from error
        except (TransportError, StatusError) as error:
            _refuse_hopeless(connection, error)
            if clock.monotonic() + ASK_AGAIN_SECONDS >= deadline:
                raise ConfigError(f"gave up after {seconds:g} s: {_with_remedy(error)}") from error
            log.warning(
                "waiting_for_api_server", server=connection.server, error=_with_remedy(error)
            )
            await clock.sleep(ASK_AGAIN_SECONDS)
        else:
            _check_version(response.body, connection.server)
            return


def _refuse_hopeless(connection: Connection, error: TransportError | StatusError) -> None:
    """Raise what no waiting will change: there is no such page, or it is elsewhere.

    An API server that starts says 403 and 5xx, too, and what stands before it says much else.
    """
    if connection.failure is not None:
        raise connection.failure from error
    if error.__cause__ is not None and connection.explain_tls(error.__cause__):
        raise ConfigError(str(error)) from error
    is_redirect = isinstance(error, StatusError) and error.code < REFUSALS
    if is_redirect or isinstance(error, NotFound | MethodNotSupported | BadRequest):
        raise _no_api_server(connection.server) from error


def _with_remedy(error: TransportError | StatusError) -> str:
    if isinstance(error, Forbidden):
        return f"{error.message}: bind this user to the ClusterRole system:public-info-viewer"
    return str(error)


def _no_api_server(server: str) -> ConfigError:
    remedy = "name another context, or correct the server's address in the kubeconfig"
    return ConfigError(f"{server} does not answer as a Kubernetes API server does", remedy=remedy)


def _check_version(body: bytes, server: str) -> None:
    try:
        version = msgspec.json.decode(body, type=_Version)
    except UNREADABLE as error:
        raise _no_api_server(server) from error
    numbers = [_LEADING.match(said) for said in (version.major, version.minor)]
    found = tuple(int(number[0]) for number in numbers if number)
    if len(found) < len(numbers):
        raise _no_api_server(server)
    if found < OLDEST:
        raise ConfigError(
            f"{server} is Kubernetes {version.git_version}, which is too old",
            remedy=f"upgrade it to {OLDEST[0]}.{OLDEST[1]} or newer",
        )


def run_forever(config: Config, log: LifecycleLog, *, families: Sequence[Family] = FAMILIES) -> int:
    """Run the manager on the fastest event loop there is; returns its exit code, in time."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - an extra

        loop_factory = uvloop.new_event_loop
    within = config.stop_seconds * (GONE - CLOSED)
    with Ending(within=within) as ending, asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(ending.of(run(config, log, families=families)))
