"""Answers that take long and events in the wrong order: no reason to give up or to go back."""

import attrs
import pytest

from informers.meta.builtin import CONFIG_MAP
from tests.integration.informers.objects import LIST, WATCH, change, create, delete, versions_asked
from tests.kit.eventually import eventually
from tests.kit.faults import Delay, EditEvents, Lag, Throttle
from tests.kit.mirror import FAST, mirrored

BYTES = 10_000
MANY = 5
PATIENT = attrs.evolve(FAST, initial_silence=3)
SLOW = [Throttle(bytes_per_second=BYTES), Delay(seconds=1.5, at="reply"), Lag(seconds=1.5)]


class Swap:
    """Lets the first event that shows one text pass only behind one that shows another."""

    def __init__(self, early, late):
        self.early, self.late = early, late
        self.held = ()

    def __call__(self, line):
        """Return the lines that come in place of this one."""
        if self.early in line and not self.held:
            self.held = (line,)
            return ()
        if self.late in line:
            return (line, *self.held)
        return (line,)


async def test_an_older_event_behind_a_newer_one_changes_nothing(proxy, proxied, namespace, rest):
    """Its handlers are told of the newer state alone, and later ones follow from that."""
    create(rest, namespace, "a", colour="first")
    with proxy.add(EditEvents(edit=Swap(b'"colour":"old"', b'"colour":"new"')), WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
            await mirror.wait_synced()
            change(rest, namespace, "a", colour="old")
            change(rest, namespace, "a", colour="new")
            await eventually(lambda: mirror.informer.store.stale_refused, equals=1)
            assert b'"colour":"new"' in mirror.informer.store.get(f"{namespace}/a").raw
            await mirror.wait_told("a", "initial", "changed")

            proxy.cut(WATCH)  # the next one goes on from the version of the late event
            change(rest, namespace, "a", colour="last")
            await mirror.wait_agrees(rest)
            assert ["initial", "changed", "changed"] == mirror.steps("a")


async def test_an_older_event_behind_a_deletion_changes_nothing(proxy, proxied, namespace, rest):
    """What was deleted stays away; its successor comes."""
    create(rest, namespace, "a", colour="first")
    swap = Swap(b'"colour":"old"', b'{"type":"DELETED"')
    with proxy.add(EditEvents(edit=swap), WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
            await mirror.wait_synced()
            change(rest, namespace, "a", colour="old")
            delete(rest, namespace, "a")
            await eventually(lambda: mirror.informer.store.stale_refused, equals=1)
            assert ["initial", "deleted"] == mirror.steps("a")

            create(rest, namespace, "a", colour="next")
            await mirror.wait_agrees(rest)
            assert ["initial", "deleted", "added"] == mirror.steps("a")


@pytest.mark.parametrize("fault", SLOW, ids=repr)
async def test_an_answer_that_is_slow_is_waited_for(proxy, proxied, namespace, rest, fault):
    """A list and a watch that trickle, or begin late, are neither cut nor asked for again.

    What trickles takes longer as a whole than any silence is borne.
    """
    create(rest, namespace, *[f"o{n}" for n in range(MANY)], blob="x" * BYTES)
    assert MANY > max(FAST.body_idle, FAST.idle, FAST.headers)
    with proxy.add(fault, LIST), proxy.add(fault, WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
            await mirror.wait_synced()
            create(rest, namespace, *[f"late{n}" for n in range(MANY)], blob="x" * BYTES)
            await mirror.wait_agrees(rest)

            statistics = mirror.informer.reflectors[0].statistics
            assert (1, 1, 0) == (statistics.lists, statistics.watches, statistics.failures)
            assert ["0"] == versions_asked(proxy, LIST)


async def test_content_that_is_streamed_slowly_is_waited_for(
    proxy, proxied, namespace, rest, streams_content
):
    """A server whose stream trickles is not taken for one that cannot stream."""
    create(rest, namespace, *[f"o{n}" for n in range(MANY)], blob="x" * BYTES)
    assert MANY > PATIENT.initial_silence
    with proxy.add(Throttle(bytes_per_second=BYTES), WATCH):
        async with mirrored(
            proxied, CONFIG_MAP, namespace, pace=PATIENT, streams=streams_content
        ) as mirror:
            await mirror.wait_synced()
            await mirror.wait_agrees(rest)

            statistics = mirror.informer.reflectors[0].statistics
            lists = 0 if streams_content else 1
            assert (lists, 0) == (statistics.lists, statistics.failures)
