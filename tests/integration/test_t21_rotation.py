"""T21: tokens, authorities and permissions change under a running informer."""

from contextlib import asynccontextmanager

import pytest
import yaml

from informers.connection import connect
from informers.errors import InformersError
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.integration.connection_world import Account, SteppedClock, client_of
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

CONFIG_MAPS = Match(path="/configmaps$", watch=False)
WATCHES = Match(path="/configmaps$", watch=True)


class World:
    """One informer of a namespace's ConfigMaps behind a proxy, as a service account."""

    def __init__(self, proxy, account, folder):
        self.proxy = proxy
        self.account = account
        self.folder = folder
        self.clock = SteppedClock()
        self.told = []
        self.informer = None

    @asynccontextmanager
    async def running(self):
        """Connect by token and authority files, and keep an informer going."""
        self.account.grant("get", "list", "watch", "create")
        self.write("token", self.account.token("one"))
        self.write("ca.crt", self.proxy.authority.pem)
        cluster = {"server": self.proxy.url, "certificate-authority": "ca.crt"}
        document = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"tokenFile": "token"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }
        self.write("config", yaml.safe_dump(document))
        connection = await connect(kubeconfig=self.folder / "config", clock=self.clock)
        source = Source(kind=CONFIG_MAP)
        async with (
            client_of(connection, clock=self.clock) as self.client,
            Informers(self.client, namespaces=[self.account.namespace]) as informers,
        ):
            self.informer = informers.acquire(source)
            self.informer.add_handler(self._hear)
            await eventually(lambda: self.informer.has_synced)
            yield self

    def _hear(self, changes):
        self.told += [change.key.rpartition("/")[2] for change in changes if change.old is None]

    def write(self, name, text):
        """Replace a file as kubelet does: at once."""
        (self.folder / f"{name}.new").write_text(text)
        (self.folder / f"{name}.new").rename(self.folder / name)

    def create(self, name):
        """Make a ConfigMap behind the informer's back."""
        self.account.rest.create(
            f"/api/v1/namespaces/{self.account.namespace}/configmaps",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}},
        )

    async def hears_of(self, name, *, within=20):
        """Make an object and wait until the informer has told of it."""
        self.create(name)
        await eventually(lambda: name in self.told, within=within)

    def contents(self):
        """How often the whole content was asked for, by a list or by a streaming watch."""
        streamed = [
            seen for seen in self.proxy.seen(WATCHES) if "sendInitialEvents" in seen.request.params
        ]
        return len(streamed) + len(self.proxy.seen(CONFIG_MAPS))


@pytest.fixture
def world(cluster, rest, namespace, tmp_path):
    """Return the world, with its proxy running."""
    with FaultProxy(Upstream.from_kubeconfig(cluster.kubeconfig)) as proxy:
        yield World(proxy, Account.create(rest, namespace), tmp_path)


async def test_t21_watches_survive_the_rotation_of_the_token_file(world):
    """A watch outlives its token; its successor uses the new one and goes on where it was."""
    async with world.running():
        await world.hears_of("before")
        first = (world.folder / "token").read_text()
        world.write("token", world.account.token("two"))
        world.account.revoke("one")
        await eventually(lambda: world.account.is_accepted(first), equals=False, within=30)
        await world.hears_of("on-the-old-watch")
        asked = world.contents()
        assert 1 == world.proxy.cut(WATCHES)
        await world.hears_of("on-the-new-watch")

        assert asked == world.contents()
        assert 401 in [seen.status for seen in world.proxy.seen(WATCHES)]
        ours = [name for name in world.told if not name.startswith("kube-root")]
        assert ["before", "on-the-old-watch", "on-the-new-watch"] == ours


async def test_t21_watches_survive_the_rotation_of_the_authority(world):
    """A watch outlives its authority; its successor trusts the new one, without a restart."""
    async with world.running():
        await world.hears_of("before")
        authority = world.proxy.rotate_certificate()
        world.write("ca.crt", authority.pem)
        await world.hears_of("on-the-old-watch")
        asked = world.contents()
        world.clock.skip(60)
        assert 1 == world.proxy.cut(WATCHES)
        await world.hears_of("on-the-new-watch")

        assert asked == world.contents()


async def test_t21_an_authority_that_arrives_late_is_found_without_a_restart(world):
    """A server that rotates before our bundle does is refused, and trusted once it has."""
    async with world.running():
        await world.hears_of("before")
        authority = world.proxy.rotate_certificate()
        assert 1 == world.proxy.cut(WATCHES)
        world.create("meanwhile")
        failures = world.informer.reflectors[0].statistics
        await eventually(lambda: "certificate-authority" in failures.last_error)
        assert "meanwhile" not in world.told
        world.write("ca.crt", authority.pem)
        world.clock.skip(60)

        await eventually(lambda: "meanwhile" in world.told, within=20)


async def test_t21_permissions_revoked_and_restored(world):
    """While RBAC forbids the watch the content stays and says why; restored, it catches up."""
    async with world.running():
        await world.hears_of("before")
        world.account.unbind()
        await eventually(lambda: _is_forbidden(world), within=20)
        assert 1 == world.proxy.cut(WATCHES)
        statistics = world.informer.reflectors[0].statistics
        await eventually(lambda: "Forbidden" in statistics.last_error)
        world.create("meanwhile")
        assert world.informer.store.get(f"{world.account.namespace}/before") is not None
        assert "meanwhile" not in world.told
        world.account.bind()

        await eventually(lambda: "meanwhile" in world.told, within=40)
        await world.hears_of("after")


async def _is_forbidden(world):
    """Whether the server's authorizer has heard of the missing binding."""
    try:
        await world.client.get(CONFIG_MAP, "before", namespace=world.account.namespace)
    except InformersError as error:
        return "forbidden" in str(error)
    return False
