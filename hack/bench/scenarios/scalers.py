"""A thousand scalers and a thousand HorizontalPodAutoscalers: `scalers_1000`.

Each program has its own namespace of targets and works alone in its turn. Pods are played by fake
nodes; what they use is made up by the harness, and changes for a tenth of the targets twice a
minute, so that both really scale. The window is half a period longer than the periods that are
counted, so that whoever looks every 15 seconds has a look in each of them, whenever it began.
"""

from typing import Final

import msgspec

from hack.bench.api import Call
from hack.bench.audited import AuditLog
from hack.bench.peers import OURS, Peer
from hack.bench.podmetrics import measured
from hack.bench.process import PeerError
from hack.bench.rig import Rig, Sample
from hack.bench.scaling import PERIOD, Scaling, missed, start
from hack.bench.targets import Targets, autoscaler, deployment, scaler
from informers.meta.builtin import DEPLOYMENT
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from reconcilers.vertice.scaler.rivals import AUTOSCALER

_MANY, _FEW = 1000, 20
_PERIODS, _FEW_PERIODS = 8, 2
_SETTLE: Final = 2
"""Periods before anything counts: whatever starts at once is to be over."""
_OFTEN: Final = 1.0
_TIMEOUT: Final = 600.0
_EACH: Final = 30.0
_SHARE: Final = 10
_MINUTE: Final = 60.0


async def scalers_1000(rig: Rig, peer: Peer, _: int) -> Sample:
    """1,000 targets looked at every 15 s, the load of 100 changing every 30 s; CPU per minute."""
    if rig.audit_log is None:
        raise PeerError("scalers_1000 counts looks in an audit log: run it on a local cluster")
    targets = await _targets(rig, peer)
    program = await start(
        peer,
        targets.namespace,
        lease=rig.lease(),
        kubeconfig=rig.kubeconfig,
        logs=rig.logs,
        audit_log=rig.audit_log,
    )
    async with program, measured(rig.api, targets, rig.clock):
        await _wait_looked(rig, program, targets)
        await rig.clock.sleep(_SETTLE * PERIOD)
        sample = await _window(rig, program, targets, AuditLog(rig.audit_log))
        await _wait_scaled(rig, targets)
        return sample


async def _window(rig: Rig, program: Scaling, targets: Targets, log: AuditLog) -> Sample:
    """Measure for so many periods and a half while loads change."""
    periods = rig.scaled(_PERIODS, _FEW_PERIODS)
    looked, server = await program.looks(), await rig.api.cpu_seconds()
    began, before = rig.clock.monotonic(), program.process.usage()
    log = log.from_now()
    end, turn = began + (periods + 0.5) * PERIOD, began
    while (now := rig.clock.monotonic()) < end:
        if now >= turn:
            targets.turn(max(1, targets.size // _SHARE))
            turn += _EACH
        await rig.clock.sleep(max(0.0, min(turn, end) - rig.clock.monotonic()))
    usage, seconds = program.process.usage(), rig.clock.monotonic() - began
    asked = log.asked(agent=program.agent, user=program.user)
    after = await program.looks()
    if not looked or not after:
        raise PeerError("it was too busy to tell how often it looked; there is no figure")
    return {
        "cpu_s": (usage.cpu_s - before.cpu_s) * _MINUTE / seconds,
        "rss_mb": usage.rss_mb,
        "peak_rss_mb": usage.peak_mb,
        "server_s": (await rig.api.cpu_seconds() - server) * _MINUTE / seconds,
        "requests_per_s": asked.requests / seconds,
        "writes_per_s": asked.writes / seconds,
        "scaled": float(asked.scaled),
        "looks": float(sum((after - looked).values())),
        "missed": float(missed(looked, after, due=dict.fromkeys(targets.names, periods))),
    }


async def _targets(rig: Rig, peer: Peer) -> Targets:
    """Return the targets of a peer, made at its first turn, with what scales them."""
    if (found := rig.targets.get(peer.name)) is not None:
        return found
    found = Targets(namespace=f"scalers-{peer.name}", size=rig.scaled(_MANY, _FEW))
    await rig.api.json("POST", "/api/v1/namespaces", {"metadata": {"name": found.namespace}})
    kind, made = (VERTICE_SCALER, scaler) if peer.name == OURS else (AUTOSCALER, autoscaler)
    for path, make in (
        (DEPLOYMENT.path(found.namespace), deployment),
        (kind.path(found.namespace), made),
    ):
        await rig.api.bulk(
            Call(method="POST", path=path, body=msgspec.json.encode(make(name)))
            for name in found.names
        )
    await _wait_scaled(rig, found)
    rig.targets[peer.name] = found
    return found


async def _wait_looked(rig: Rig, program: Scaling, targets: Targets) -> None:
    """Wait until every target was looked at."""
    deadline = rig.clock.monotonic() + _TIMEOUT
    while len(looked := await program.looks()) < targets.size:
        program.process.usage()  # one that ended would never look
        if rig.clock.monotonic() > deadline:
            raise PeerError(f"{len(looked)} of {targets.size} looked at within {_TIMEOUT:.0f} s")
        await rig.clock.sleep(_OFTEN)


async def _wait_scaled(rig: Rig, targets: Targets) -> None:
    """Wait until every target has as many pods, all of them ready, as its load needs."""
    deadline = rig.clock.monotonic() + _TIMEOUT
    while wrong := await _wrong(rig, targets):
        if rig.clock.monotonic() > deadline:
            names = ", ".join(sorted(wrong)[:3])
            raise PeerError(f"{len(wrong)} targets were never scaled as they should be: {names}")
        await rig.clock.sleep(_OFTEN)


async def _wrong(rig: Rig, targets: Targets) -> set[str]:
    """Return the targets whose pods are too many or too few."""
    page = await rig.api.json("GET", DEPLOYMENT.path(targets.namespace))
    right = {
        found["metadata"]["name"]
        for found in page["items"]
        if {found["spec"]["replicas"], found["status"].get("readyReplicas", 0)}
        == {targets.wanted(found["metadata"]["name"])}
    }
    return set(targets.names) - right
