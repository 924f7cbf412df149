"""From settings to a manager: what is hosted, what is waited for, refused, and kept fresh."""

import asyncio

import attrs
import msgspec
import pytest

from controller.app import OLDEST, _controllers, _webhooks, keep_credentials, wait_for_server
from controller.config import Config
from controller.runtime.builder import Builder
from controller.runtime.registration import ControllerSpec, Family, Webhook
from controller.runtime.webhook.admission import Admission
from informers.errors import ConfigError, TransportError
from tests.kit.answers import status
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.world import Nowhere, World

pytestmark = pytest.mark.virtual

NEW = {"major": "1", "minor": "36", "gitVersion": "v1.36.3"}


@attrs.define
class Connection(Nowhere):
    """A connection whose troubles the test chooses."""

    failure: ConfigError | None = None
    namespace: str = "here"
    tls: str = ""
    refreshed: int = 0
    forced: int = 0

    def explain_tls(self, error):
        """Say what is wrong with the certificate."""
        del error
        return self.tls or None

    async def refresh(self, *, force=False):
        """Count."""
        self.refreshed += not force
        self.forced += force
        if self.failure is not None:
            raise self.failure
        return False


def caused(error):
    """Return the error with a cause, as the transport raises it."""
    error.__cause__ = OSError()
    return error


async def waited(*answers, connection=None, seconds=20.0):
    """Wait for a server that answers so, the last answer again and again; return the world."""
    world, left = World(), list(answers)
    world.wire.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]
    await wait_for_server(
        world.client, connection or Connection(), world.log, world.clock, seconds=seconds
    )
    return world


@pytest.mark.parametrize(
    "version",
    [
        NEW,
        NEW | {"minor": "36+"},
        NEW | {"minor": str(OLDEST[1])},
        NEW | {"major": "2", "minor": "0"},
    ],
    ids=["new", "a provider's", "the oldest", "a new major"],
)
async def test_a_server_that_is_new_enough_is_taken_at_once(version):
    """One question, one answer, nothing said."""
    world = await waited((200, version))

    assert ("/version", []) == (world.wire.requests[0].path, world.log.events())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            (200, NEW | {"minor": str(OLDEST[1] - 1), "gitVersion": "v1.29.1"}),
            f"is Kubernetes v1.29.1, which is too old: upgrade it to 1.{OLDEST[1]} or newer",
        ),
        ((200, {"major": "0", "minor": "99"}), "too old"),
        ((200, {"hello": "world"}), "does not answer as a Kubernetes API server does"),
        ((200, NEW | {"minor": "x"}), "does not answer as a Kubernetes API server does"),
        ((200, [1]), "does not answer as a Kubernetes API server does"),
        (
            (200, msgspec.Raw(b'{"major":"\xff"}')),
            "does not answer as a Kubernetes API server does",
        ),
        ((404, "not here"), "name another context, or correct the server's address"),
        ((302, "there"), "name another context, or correct the server's address"),
        ((401, status(401)), "refuses us: the server refuses our credentials"),
    ],
    ids=[
        "too old",
        "ancient",
        "another API",
        "no number",
        "a list",
        "no UTF-8",
        "another site",
        "a redirect",
        "unauthorized",
    ],
)
async def test_what_no_waiting_changes_is_refused_at_once(answer, says):
    """In one line with the remedy."""
    with pytest.raises(ConfigError) as caught:
        await waited(answer)

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (TransportError("cannot reach it"), "cannot reach it"),
        ((503, status(503, "starting")), "starting"),
        ((403, status(403, "no RBAC yet")), "no RBAC yet: bind this user to"),
        ((410, status(410, "too old")), "too old"),
        ((408, {"message": "a proxy lost patience"}), "a proxy lost patience"),
    ],
    ids=["unreachable", "starting", "not granted yet", "out of place", "from a proxy"],
)
async def test_what_may_pass_is_waited_for_and_told(trouble, said):
    """Each try is one warning; then it goes on as if nothing had been."""
    world = await waited(trouble, trouble, (200, NEW))

    told = world.log.told("waiting_for_api_server")
    assert 2 == len(told)
    assert all(said in line["error"] and line["server"] for line in told)


async def test_waiting_has_an_end():
    """The last error is told, within the time there is."""
    began = asyncio.get_running_loop().time()
    with pytest.raises(ConfigError, match="gave up after 20 s: cannot reach it"):
        await waited(TransportError("cannot reach it"))

    assert 16 <= asyncio.get_running_loop().time() - began <= 20


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        (Connection(failure=ConfigError("plugin", remedy="log in")), "plugin: log in"),
        (Connection(tls="not trusted"), "it is not trusted"),
    ],
    ids=["no credentials", "no trust"],
)
async def test_our_own_troubles_are_not_the_servers(connection, says):
    """Credentials that cannot be had and certificates that are not trusted end the start."""
    with pytest.raises(ConfigError, match=f"^{says}"):
        await waited(caused(TransportError("it is not trusted")), connection=connection)


async def test_credentials_are_renewed_when_they_are_due():
    """Though nothing is sent; what fails is told and tried again."""
    world, connection = World(), Connection(due=100.0)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            keep_credentials(connection, world.log, world.clock, asyncio.Event())
        )
        await world.clock.sleep(99)
        assert 0 == connection.refreshed
        connection.failure = ConfigError("no")
        await world.clock.sleep(2)
        assert 1 <= connection.refreshed
        assert {"error": "no"} in world.log.told("credentials_cannot_be_renewed")
        connection.failure, connection.due = None, 10_000.0
        seen = connection.refreshed
        await world.clock.sleep(5000)
        assert seen == connection.refreshed
        task.cancel()


async def test_credentials_that_the_election_is_refused_with_are_renewed():
    """At once, and once for each refusal, long before they are due."""
    world, connection, refused = World(), Connection(due=10_000.0), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_credentials(connection, world.log, world.clock, refused))
        for count in (1, 2):
            refused.set()
            await world.clock.sleep(60)
            assert (0, count) == (connection.refreshed, connection.forced)
        task.cancel()


async def allow(_: Admission[Widget]) -> None:
    """Judge nothing."""


def family(name):
    """Return a family with a controller and a webhook that are called after it."""

    def set_up(runtime):
        return Builder(runtime, f"{name}-controller").for_(Widget).complete(None)

    return Family(
        name=name,
        kinds=(Widget,),
        controllers=(ControllerSpec(name=f"{name}-controller", set_up=set_up),),
        webhooks=(Webhook(name=f"{name}-hook", kind=WIDGET, mode="validate", handler=allow),),
    )


@pytest.mark.parametrize(
    ("wanted", "names"),
    [((), ["a", "b"]), (("a",), ["a"]), (("b",), ["b"]), (("b", "a"), ["a", "b"])],
    ids=["all by default", "the first", "the second", "both, in the order of the build"],
)
async def test_only_the_families_that_are_wanted_come(wanted, names):
    """With their controllers and their webhooks, and nothing of the others."""
    world, families = World(), (family("a"), family("b"))
    config = Config(families=wanted, webhooks="url")

    controllers = _controllers(config, world.runtime, families)
    served = _webhooks(config, Connection(), families, log=world.log, clock=world.clock)

    assert [f"{name}-controller" for name in names] == [each.name for each in controllers]
    hooks = [f"{name}-hook.{WIDGET.resource}" for name in names]
    assert hooks == [name for name in served.server.statistics().webhooks if name]
