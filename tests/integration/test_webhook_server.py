"""The admission server before clients that are none: garbage, floods, silence, new certificates."""

import asyncio
import contextlib
import socket
import ssl

import pytest

from controller.runtime.webhook.server import Limits
from informers.errors import ConfigError
from informers.tls import KeyPair
from tests.integration.admission_world import PATH, World, answered, asked, posted, review
from tests.kit.eventually import eventually
from tests.kit.leaks import no_leaks

pytestmark = pytest.mark.every_loop


@pytest.mark.parametrize(
    ("request_", "status", "text"),
    [
        pytest.param(posted(b"{}"), 400, "not an AdmissionReview", id="no-review"),
        pytest.param(posted(b"\xff" * 100), 400, "not an AdmissionReview", id="garbage-body"),
        pytest.param(posted(review(), path="/nowhere"), 404, "no webhook at '/nowhere'", id="path"),
        pytest.param(posted(b"", method="GET"), 405, "posted", id="method"),
        pytest.param(posted(review(), content_type="text/xml"), 415, "application/json", id="type"),
        pytest.param(
            posted(review(), content_type="application/json\r\nContent-Encoding: gzip"),
            400,
            "send it plain",
            id="not-in-its-coding",
        ),
        pytest.param(posted(b"", length=8 << 20), 413, "at most", id="announced-huge"),
        pytest.param(posted(b"{", length=1000), 408, "no review came within 0.9 s", id="slow"),
        pytest.param(posted(review("broken")), 500, "ZeroDivisionError (request u-1)", id="crash"),
        pytest.param(posted(review("slow")), 504, "did not decide within 0.9 s", id="too-slow"),
    ],
)
async def test_what_cannot_be_judged_is_told_why(request_, status, text):
    """Each within its time, as a Status that the API server passes on, and the server lives on."""
    async with no_leaks(), World() as world:
        code, body = await asked(world, request_)
        assert (status, status) == (code, body["code"])
        assert text in body["message"]

        code, body = await asked(world, posted(review()))
        assert (200, {"uid": "u-1", "allowed": True}) == (code, body["response"])
        assert 0 == world.server.statistics().in_flight


async def test_the_api_servers_patience_is_heeded():
    """It says how long it waits, and hears from us before."""
    async with World(seconds=30) as world:
        code, body = await asked(world, posted(review("slow"), path=f"{PATH}?timeout=500ms"))

        assert (504, True) == (code, "within 0.45 s" in body["message"])
        assert 1 == world.counts.failed


async def test_a_body_that_grows_too_large_is_cut_off():
    """Chunked, it says no length; it is read no further than its limit."""
    limits = Limits(body=100_000, linger=0.3)
    async with no_leaks(), World(limits=limits) as world:
        reader, writer = await world.connect()
        head = posted(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        writer.write(head + b"%x\r\n" % 200_000 + b"x" * 200_000 + b"\r\n0\r\n\r\n")

        code, _ = await answered(reader)
        writer.close()

        assert 413 == code


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /validate HTTP/1.1\r\nHost: x\r\nX: ", id="half-a-header"),
        pytest.param(b"\x00\x01\x02 garbage\r\n\r\n", id="garbage"),
        pytest.param(b"X" * 100_000, id="endless-line"),
    ],
)
async def test_who_does_not_speak_http_is_let_go(first):
    """The connection ends within its idle time."""
    async with no_leaks(), World() as world:
        reader, writer = await world.connect()
        writer.write(first)

        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                await reader.read()

        writer.close()
        await eventually(lambda: world.server.statistics().connections, equals=0)


async def test_who_does_not_speak_tls_is_let_go():
    """A handshake that never comes costs a socket for its time limit, and nobody anything else."""
    async with no_leaks(), World() as world:
        silent = await asyncio.open_connection("127.0.0.1", world.server.port)
        plain = await asyncio.open_connection("127.0.0.1", world.server.port)
        plain[1].write(posted(review()))

        assert 200 == (await asked(world, posted(review())))[0]
        for reader, writer in (silent, plain):
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(5):
                    await reader.read()
            writer.close()


async def test_too_many_at_once_are_sent_away():
    """They are told to come back, which the API server does within its patience."""
    async with World(limits=Limits(in_flight=3), seconds=10) as world, asyncio.TaskGroup() as group:
        held = [group.create_task(asked(world, posted(review("slow")))) for _ in range(3)]
        await eventually(lambda: world.gate.entered, equals=3)

        reader, writer = await world.connect()
        writer.write(posted(review()))
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        world.gate.opened.set()

        assert b" 429 " in head
        assert b"Retry-After: 1\r\n" in head
        assert [200] * 3 == [(await task)[0] for task in held]
        assert 1 == world.server.statistics().shed


async def test_a_request_that_nobody_waits_for_is_dropped():
    """When the API server hangs up, the handler ends."""
    async with no_leaks(), World(seconds=30) as world:
        _, writer = await world.connect()
        writer.write(posted(review("slow")))
        await eventually(lambda: world.gate.entered, equals=1)

        writer.transport.abort()

        await eventually(lambda: world.counts.codes[499], equals=1)
        assert 0 == world.counts.in_flight


async def test_a_stop_lets_requests_finish():
    """What is under way is answered, idle connections close, new ones are refused."""
    async with no_leaks(), asyncio.TaskGroup() as group:
        world = World(seconds=10)
        await world.server.start()
        port = world.server.port
        idle, idler = await world.connect()
        idler.write(posted(review()))
        assert 200 == (await answered(idle))[0]
        under_way = group.create_task(asked(world, posted(review("slow"))))
        await eventually(lambda: world.gate.entered, equals=2)

        stopping = group.create_task(world.server.stop())
        async with asyncio.timeout(5):
            assert b"" == await idle.read()
        idler.close()
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the kernel likes
            await asyncio.open_connection("127.0.0.1", port)
        world.gate.opened.set()

        assert 200 == (await under_way)[0]
        await stopping


async def test_a_handshake_under_way_is_not_left_behind():
    """One that never ends is cut off before the stop has ended."""
    async with no_leaks():
        world = World(limits=Limits(handshake=1.5))
        await world.server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        assert 200 == (await asked(world, posted(review())))[0]

        await world.server.stop()

        async with asyncio.timeout(0.2):
            assert b"" == await reader.read()
        writer.close()


async def test_a_request_that_does_not_finish_cannot_hold_up_the_stop():
    """It is given its time and no more."""
    async with no_leaks(), asyncio.TaskGroup() as group:
        world = World(limits=Limits(drain=0.2, linger=0.2), seconds=30)
        await world.server.start()
        _, writer = await world.connect()
        writer.write(posted(review("slow")))
        await eventually(lambda: world.gate.entered, equals=1)

        stopping = group.create_task(world.server.stop())

        await eventually(stopping.done, within=5)
        writer.close()


async def test_a_stop_without_any_time_does_not_wait():
    """What came before it may have used all there was; no limit is not what is left then."""
    async with no_leaks(), asyncio.TaskGroup() as group:
        world = World(seconds=30)
        await world.server.start()
        _, writer = await world.connect()
        writer.write(posted(review("slow")))
        await eventually(lambda: world.gate.entered, equals=1)

        stopping = group.create_task(world.server.stop(limit=0))

        await eventually(stopping.done, within=5)
        writer.close()


async def test_who_never_says_goodbye_is_cut_off_before_the_stop_has_ended():
    """TLS has a last word for each side, which is waited for, but not for ever."""
    async with no_leaks(within=0.0):
        async with World(limits=Limits(linger=0.2)) as world:
            reader, writer = await world.connect()
            writer.write(posted(review()))
            assert 200 == (await answered(reader))[0]
            writer.transport.pause_reading()

        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_a_certificate_swapped_under_load_fails_no_request():
    """Connections that stand stay; new ones are shown the new certificate."""
    async with no_leaks(), World(seconds=10) as world:
        done = [0]
        async with asyncio.TaskGroup() as group:

            async def keep_alive():
                reader, writer = await world.connect()
                while world.certificate.replacements < 30:
                    writer.write(posted(review("red")))
                    code, body = await answered(reader)
                    assert (200, False) == (code, body["response"]["allowed"])
                    done[0] += 1
                writer.close()

            async def anew():
                while world.certificate.replacements < 30:
                    assert 200 == (await asked(world, posted(review())))[0]
                    done[0] += 1

            for _ in range(3):
                group.create_task(keep_alive())
                group.create_task(anew())
            while world.certificate.replacements < 30:
                before = done[0]
                await eventually(lambda before=before: done[0] > before + 5)
                world.renew()

        assert done[0] > 150
        assert {200} == set(world.counts.codes)


async def test_a_pair_that_does_not_fit_leaves_the_one_in_use():
    """A certificate with another's key is refused, and requests are answered as before."""
    async with World() as world:
        (certificate, _), (_, key) = world.authority.issue(), world.authority.issue()

        with pytest.raises(ConfigError, match="belong together"):
            world.certificate.replace(KeyPair(certificate.encode(), key.encode()))

        assert 200 == (await asked(world, posted(review())))[0]


async def test_without_a_certificate_nobody_gets_in():
    """A handshake fails at once where there is nothing to show."""
    async with World() as world:
        world.certificate._current = None

        with pytest.raises((ssl.SSLError, ConnectionError)):
            await world.connect()


async def test_a_port_in_use_is_told_with_a_remedy():
    """One line, and which setting changes it."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        world = World(port=port)

        with pytest.raises(
            ConfigError, match=rf"127\.0\.0\.1:{port} \(.+in use.*--webhook-address"
        ):
            await world.server.start()
