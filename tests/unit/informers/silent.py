"""A server that never says anything: what an informer knows, the test has told it."""

import asyncio
import random
from contextlib import asynccontextmanager

from informers.contact import Contact
from informers.factory import Informers
from informers.meta.builtin import POD
from informers.observers import Observers
from informers.reflector import Source, Verdicts
from informers.shared import Informer
from informers.snapshot import seal
from tests.kit.virtual import VirtualClock


class SilentClient:
    """Answers nothing, for ever."""

    def __init__(self):
        self.clock = VirtualClock()
        self.observers = Observers()
        self.contact = Contact()
        self.streams = 0

    @asynccontextmanager
    async def stream(self, request, *, timeout=0):
        """Be a watch whose headers never come."""
        del request, timeout
        self.streams += 1
        try:
            await asyncio.Event().wait()
            yield
        finally:
            self.streams -= 1


def silent_informer(*, seed=0, client=None, **source):
    """Return an informer of Pods in all namespaces that hears nothing."""
    return Informer(
        client or SilentClient(),
        Source(kind=POD, **source),
        verdicts=Verdicts(),
        rng=random.Random(seed),
    )


@asynccontextmanager
async def running_informer(**more):
    """Have such an informer run while the block does."""
    async with asyncio.TaskGroup() as group:
        informer = silent_informer(**more)
        informer.start(group)
        yield informer
        await informer.stop()


def silent_informers(client):
    """Return the informers of such a client."""
    return Informers(client, rng=random.Random(0))


def pod(name, version, *, namespace="ns", uid="", labels="{}", spec="{}"):
    """Return the JSON of a Pod."""
    return (
        f'{{"kind":"Pod","metadata":{{"name":"{name}","namespace":"{namespace}",'
        f'"resourceVersion":"{version}","uid":"{uid or name}","labels":{labels}}},"spec":{spec}}}'
    ).encode()


def put(informer, name, version, **more):
    """Let the informer know of a state of a Pod, and return it."""
    raw = pod(name, version, **more)
    informer.wrote(seal(raw), raw)
    return informer.store.get(seal(raw).key)
