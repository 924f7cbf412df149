"""T10: content that is streamed again while it is known does not take its memory twice."""

import tracemalloc

import pytest

from informers.feed import Feed, Statistics
from informers.store import Scope, Store

OBJECTS = 1000
SIZE = 8000


def events(version):
    """Yield an event for each object, as they come from the network."""
    for number in range(OBJECTS):
        meta = f'"name":"o{number}","uid":"{number}","resourceVersion":"{number + version}"'
        held = f'{{"metadata":{{{meta}}},"blob":"{"x" * SIZE}"}}'
        yield f'{{"type":"ADDED","object":{held}}}'.encode()


def end(version):
    """Return the bookmark after the content."""
    mark = '"annotations":{"k8s.io/initial-events-end":"true"}'
    text = f'"metadata":{{"resourceVersion":"{version}",{mark}}}'
    return f'{{"type":"BOOKMARK","object":{{{text}}}}}'.encode()


@pytest.mark.parametrize(
    ("version", "most"), [(1, 0.15), (OBJECTS + 1, 1.15)], ids=["unchanged", "all changed"]
)
def test_t10_a_known_content_streamed_again_is_held_once(version, most):
    """Unchanged objects cost next to nothing meanwhile; were all changed, one content more."""
    store, scope, statistics = Store(), Scope(), Statistics()

    def stream(first):
        feed = Feed(store, scope, lambda _: None, statistics, initial=True)
        for line in events(first):
            feed.take([line])
        feed.take([end(10 * OBJECTS)])

    stream(1)
    tracemalloc.start()
    stream(version)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert OBJECTS == len(store)
    assert peak <= most * OBJECTS * SIZE + 400_000
