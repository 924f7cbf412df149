"""Readiness of pods, and what is wrong with their containers."""

import re
from collections.abc import Iterator
from typing import Final

import attrs

from controller.cli.reading import Body, fields, flag, listed, number, text
from controller.cli.seen import Readiness, current, failed, in_progress
from controller.cli.thing import Thing

PULLING: Final = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"}
)
STARTING: Final = frozenset({"ContainerCreating", "PodInitializing"})
_CONFIG: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_MISSING: Final = re.compile(r'\b(secret|configmap|serviceaccount) "([^"]+)" not found')
_MISSING_KEY: Final = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) \S*?/?([^\s/]+)$")


@attrs.frozen(kw_only=True)
class Trouble:
    """What is wrong with a container, as a sentence about it, and what mends it."""

    reason: str
    text: str
    remedy: str = ""


def read(thing: Thing) -> Readiness:
    """Read a Pod: ready, or done."""
    wanted = [*listed(thing.body, "spec", "containers"), *_sidecars(thing)]
    names = {text(each, "name") for each in wanted}
    ready = sum(flag(each, "ready") for each in statuses(thing) if text(each, "name") in names)
    shown = f"{ready}/{len(wanted)}"
    if thing.phase == "Succeeded":
        return current(shown, reason="Completed")
    if thing.phase == "Failed":
        return failed(
            shown, reason=_reason_of_end(thing), message=text(thing.body, "status", "message")
        )
    if thing.is_said("Ready"):
        return current(shown)
    for trouble in troubles(thing):
        return failed(shown, reason=trouble.reason, message=trouble.text)
    scheduled = thing.condition("PodScheduled")
    if scheduled and scheduled.status == "False":
        is_stuck = scheduled.reason == "Unschedulable"
        return (failed if is_stuck else in_progress)(
            shown, reason=scheduled.reason, message=scheduled.message
        )
    return in_progress(shown, reason=_waiting_for(thing))


def statuses(pod: Thing) -> list[Body]:
    """Return what is said of each container, those that run first included."""
    status = pod.body.get("status")
    return [*listed(status, "initContainerStatuses"), *listed(status, "containerStatuses")]


def troubles(pod: Thing) -> Iterator[Trouble]:
    """Return what is wrong with the containers of a pod, in the order in which they start."""
    for status in statuses(pod):
        waiting = fields(status, "state", "waiting")
        reason = text(waiting, "reason")
        name = text(status, "name")
        message = text(waiting, "message")
        if reason in PULLING:
            yield _unpulled(status, reason, message)
        elif reason == "CrashLoopBackOff":
            yield _crashed(pod, status)
        elif reason in _CONFIG or (reason and reason not in STARTING):
            said = f"container {name} cannot start: {message or reason}"
            yield Trouble(reason=reason, text=said, remedy=remedy_for_missing(message))
        elif number(fields(status, "state", "terminated"), "exitCode") and not _is_over(pod):
            yield _crashed(pod, status)


def ending(status: Body) -> Body:
    """Return how a container ended the last time it did."""
    return fields(status, "state", "terminated") or fields(status, "lastState", "terminated")


def times(count: int) -> str:
    """Return how often something happened."""
    return "once" if count == 1 else f"{count} times"


def remedy_for_missing(message: str) -> str:
    """Return what to create when something that a pod refers to is not there."""
    if match := _MISSING.search(message):
        return f"create the {match[1]} {match[2]}, or refer to another"
    if match := _MISSING_KEY.search(message.rstrip(". ")):
        return f"add the key {match[1]} to the {match[2]} {match[3]}"
    return ""


def _is_over(pod: Thing) -> bool:
    return pod.phase in ("Succeeded", "Failed")


def _sidecars(pod: Thing) -> Iterator[Body]:
    for each in listed(pod.body, "spec", "initContainers"):
        if text(each, "restartPolicy") == "Always":
            yield each


def _unpulled(status: Body, reason: str, message: str) -> Trouble:
    said = f"container {text(status, 'name')} cannot pull the image {text(status, 'image')}"
    detail = "" if "Back-off" in message or not message else f": {message}"
    remedy = (
        "check the image's name and tag, that the node can reach its registry, and imagePullSecrets"
    )
    return Trouble(reason=reason, text=said + detail, remedy=remedy)


def _crashed(pod: Thing, status: Body) -> Trouble:
    name, over = text(status, "name"), ending(status)
    restarts = number(status, "restartCount")
    said = f"container {name} ended {times(restarts) if restarts else 'at its first start'}"
    reason = text(fields(status, "state", "waiting"), "reason") or text(over, "reason") or "Error"
    remedy = f"read its last words: kubectl pentad logs pod/{pod.name} -c {name} --previous"
    if over:
        code, why = number(over, "exitCode"), text(over, "reason")
        said += f", last with exit code {code}" + (f" ({why})" if why else "")
        if why == "OOMKilled":
            said += f": it used more than its memory limit{_limit(pod, name)}"
            remedy = "raise the container's memory limit, or have it use less"
        elif message := text(over, "message").strip():
            said += f": {message}"
    return Trouble(reason=reason, text=said, remedy=remedy)


def _limit(pod: Thing, name: str) -> str:
    for each in listed(pod.body, "spec", "containers"):
        if text(each, "name") == name and (memory := text(each, "resources", "limits", "memory")):
            return f" of {memory}"
    return ""


def _reason_of_end(pod: Thing) -> str:
    if reason := text(pod.body, "status", "reason"):
        return reason
    ends = [ending(each) for each in statuses(pod)]
    return next((text(each, "reason") for each in ends if number(each, "exitCode")), "Failed")


def _waiting_for(pod: Thing) -> str:
    """Return in a word what a pod waits for that has no trouble."""
    if pod.phase != "Running":
        waiting = [text(each, "state", "waiting", "reason") for each in statuses(pod)]
        return next((each for each in waiting if each), pod.phase or "Pending")
    ready = pod.condition("Ready")
    return ready.reason if ready and ready.reason else "NotReady"
