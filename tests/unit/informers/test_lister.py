"""Typed reads: of what is held, by namespace, selector and index, and live."""

import pytest
from msgspec import UNSET, Struct, UnsetType

from informers.errors import DecodeError, NotFound
from informers.index import by_owner
from informers.lister import Lister
from informers.meta.errors import SelectorError
from informers.meta.object import Resource
from informers.snapshot import seal
from tests.unit.informers.silent import SilentClient, pod, put, silent_informer


class PodSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a Pod's specification as is read here."""

    node_name: str | UnsetType = UNSET


class Pod(Resource, frozen=True, kw_only=True):
    """As much of a Pod as is read here."""

    spec: PodSpec = PodSpec()


class Server(SilentClient):
    """Answers single reads, and tells the informer as the client would."""

    def __init__(self):
        super().__init__()
        self.objects = {}
        self.asked = []
        self.informer = None

    async def get(self, kind, name, *, namespace):
        """Read one object live."""
        self.asked.append(name)
        if name not in self.objects:
            raise NotFound(f"no {kind} {namespace}/{name}", code=404)
        raw = self.objects[name]
        snapshot = seal(raw)
        self.informer.wrote(snapshot, raw)
        return snapshot


def lister(**source):
    """Return a lister of Pods and the server behind it."""
    server = Server()
    server.informer = silent_informer(client=server, **source)
    return Lister(server.informer, Pod), server


@pytest.fixture
def pods():
    """Return a lister of four Pods in two namespaces."""
    found, server = lister()
    for name, namespace, labels in (
        ("a", "one", '{"app":"web"}'),
        ("b", "one", '{"app":"db"}'),
        ("c", "two", '{"app":"web"}'),
        ("d", "two", "{}"),
    ):
        put(server.informer, name, 1, namespace=namespace, labels=labels)
    return found


def names(found):
    """Return the names of objects."""
    return [one.metadata.name for one in found]


@pytest.mark.parametrize(
    ("namespace", "selector", "expected"),
    [
        ("", "", ["a", "b", "c", "d"]),
        ("two", "", ["c", "d"]),
        ("three", "", []),
        ("", "app=web", ["a", "c"]),
        ("", "app in (web,db),app!=db", ["a", "c"]),
        ("", "!app", ["d"]),
        ("one", "app=web", ["a"]),
        ("two", "app=db", []),
    ],
)
def test_lists_select_as_the_server_does(pods, namespace, selector, expected):
    """By namespace and by labels, typed or not."""
    assert expected == names(pods.list(namespace=namespace, label_selector=selector))
    assert expected == [found.meta.name for found in pods.snapshots(namespace, selector)]


def test_a_wrong_selector_is_refused(pods):
    """It does not select everything, and not nothing."""
    with pytest.raises(SelectorError):
        pods.list(label_selector="app in web")


def test_what_is_not_held_is_none(pods):
    """Neither typed nor as a snapshot; a key has its namespace."""
    assert (None, None, None) == (pods.get("one/z"), pods.snapshot("one/z"), pods.get("a"))


def test_reads_are_decoded_once_and_shared(pods):
    """The same object from every way to read it."""
    found = pods.get("one/a")

    assert found is pods.list(namespace="one")[0]
    assert found is pods.list()[0]
    assert 3 == pods.informer.memos.hits


def test_an_index_is_asked_by_its_value(pods):
    """Owners by uid, say."""
    pods.informer.store.add_index("owner", by_owner)
    raw = pod("e", 2).replace(
        b'"labels"',
        b'"ownerReferences":[{"apiVersion":"v1","kind":"X","name":"x","uid":"u-x"}],"labels"',
    )
    pods.informer.wrote(seal(raw), raw)

    assert ["e"] == names(pods.by_index("owner", "u-x"))
    assert [] == pods.by_index("owner", "u-y")


def test_an_object_of_another_shape_is_told_with_its_path():
    """And costs no other reader anything: the rest of the list can be read one by one."""
    found, server = lister()
    put(server.informer, "a", 1, spec='{"nodeName":7}')
    put(server.informer, "b", 1, spec='{"nodeName":"n"}')

    with pytest.raises(DecodeError, match=r"Pod ns/a: .*\$.spec.nodeName"):
        found.get("ns/a")
    assert "n" == found.get("ns/b").spec.node_name


async def test_a_live_read_is_in_the_cache_afterwards():
    """And what the server does not have, the cache does not keep."""
    found, server = lister()
    put(server.informer, "gone", 1)
    server.objects["a"] = pod("a", 5, spec='{"nodeName":"n"}')

    live = await found.get_live("a", namespace="ns")
    assert live is found.get("ns/a")
    with pytest.raises(NotFound):
        await found.get_live("gone", namespace="ns")
    assert found.get("ns/gone") is None


async def test_the_whole_of_a_metadata_only_object_is_read_once_per_state():
    """One request for each state the cache hears of, and none for what it does not know."""
    found, server = lister(metadata_only=True)
    for version in (1, 2):
        raw = server.objects["a"] = pod("a", version, spec=f'{{"nodeName":"n{version}"}}')
        server.informer.wrote(seal(raw), raw)
        for _ in range(3):
            assert f"n{version}" == (await found.get_whole("ns/a")).spec.node_name
        assert b"nodeName" not in found.snapshot("ns/a").raw

    assert ["a", "a"] == server.asked
    assert await found.get_whole("ns/b") is None


async def test_the_whole_of_what_went_meanwhile_is_none():
    """The server's word counts, and the cache has learned it."""
    found, server = lister(metadata_only=True)
    put(server.informer, "a", 1)

    assert await found.get_whole("ns/a") is None
    assert found.snapshot("ns/a") is None


async def test_a_cache_of_whole_objects_needs_nobody_for_them():
    """It is an ordinary read."""
    found, server = lister()
    put(server.informer, "a", 1, spec='{"nodeName":"n"}')

    assert found.get("ns/a") is await found.get_whole("ns/a")
    assert [] == server.asked
