"""Fake nodes look like nodes whose kubelet has registered them."""

from pathlib import Path

import pytest
import yaml

from hack.cluster import components, fakenodes


def test_nodes_differ():
    """A thousand nodes have a thousand names and addresses."""
    nodes = [fakenodes.node(index, version="v1.36.3", now="now") for index in range(1000)]

    names = {node["metadata"]["name"] for node in nodes}
    addresses = {node["status"]["addresses"][0]["address"] for node in nodes}
    assert len(names) == len(addresses) == 1000


def test_node_is_ready_and_kwok_s():
    """A node is Ready from its first moment and marked as kwok's to manage."""
    node = fakenodes.node(7, version="v1.36.3", now="2026-01-01T00:00:00Z")

    ready = [each for each in node["status"]["conditions"] if each["type"] == "Ready"]
    assert ready[0]["status"] == "True"
    assert node["metadata"]["annotations"] == {"kwok.x-k8s.io/node": "fake"}
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.3"


class Held:
    """Stands for the API: some nodes are there, and what is created is kept."""

    def __init__(self, *there):
        self.there, self.created = set(there), []

    async def names(self, url, _):
        """Tell what there is."""
        assert url == "https://server/api/v1/nodes"
        return self.there

    async def create(self, _url, _pair, bodies):
        """Keep the names."""
        self.created += [body["metadata"]["name"] for body in bodies]


@pytest.mark.parametrize(
    ("there", "created"),
    [
        ((), ["fake-0000", "fake-0001", "fake-0002"]),
        (("fake-0002", "worker"), ["fake-0000", "fake-0001"]),
        (("fake-0000", "fake-0001", "fake-0002", "fake-0003"), []),
    ],
    ids=["none", "the last", "all and more"],
)
async def test_what_is_missing_of_the_fleet_is_made(there, created):
    """Each node is looked for: the last may be there though the one before is not."""
    api = Held(*there)
    server = components.Component(
        name="s", flags=(), url="https://server", health="", credentials=None
    )

    await fakenodes.ensure(server, api=api, count=3, version="v1.36.3")

    assert created == api.created


@pytest.mark.parametrize(
    "file", sorted(components.STAGES.glob("*-*.yaml")), ids=lambda file: file.stem
)
def test_stage_is_named_after_its_file(file):
    """Each stage file holds one stage, named as the file, with a word on what it does."""
    text = Path(file).read_text()
    stage = yaml.safe_load(text)

    assert text.startswith("# ")
    assert stage["kind"] == "Stage"
    assert file.stem == stage["metadata"]["name"]
