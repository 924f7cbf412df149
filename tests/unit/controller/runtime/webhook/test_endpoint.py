"""From a review to a verdict: what handlers are asked, and what their answers become."""

import functools
import json
from typing import Annotated

import msgspec
import pytest
from msgspec.structs import replace

from controller.runtime.registration import Webhook
from controller.runtime.webhook import wire
from controller.runtime.webhook.admission import Admission, Denied, User, WrongHandler
from controller.runtime.webhook.endpoint import WARNING_LETTERS, WARNINGS, Endpoint
from controller.runtime.webhook.patch import Edit
from informers.errors import Cause
from tests.kit.widget.api import WIDGET, Widget
from tests.kit.widget.family import WIDGET_FAMILY
from tests.kit.widget.gadget import Gadget


def widget(metadata=None, **spec):
    """Return a Widget as the API server sends it."""
    return {
        "apiVersion": "test.pentad.dev/v1alpha1",
        "kind": "Widget",
        "metadata": {"name": "w", "managedFields": [{"manager": "m"}]} | (metadata or {}),
        "spec": {"size": 1} | spec,
        "unknown": [1, {"of": "no type"}],
    }


def question(new=None, old=None, operation="CREATE", **more):
    """Return a question, read from the JSON of a review."""
    request = {"uid": "u-1", "operation": operation, "object": new, "oldObject": old} | more
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return wire.read(json.dumps(review).encode())


def deep():
    """Return a question about an object under deletion that is nested as deeply as is stored."""
    place = "the-deep-part"
    asked = json.dumps(widget({"deletionTimestamp": "2030-01-01T00:00:00Z"}, size=place))
    old = asked.replace(f'"{place}"', "[" * 5_000 + "]" * 5_000)
    request = f'{{"uid":"u-1","operation":"UPDATE","object":{old},"oldObject":{old}}}'
    review = f'{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{request}}}'
    return wire.read(review.encode())


async def judged(handler, asked, mode="validate"):
    """Return what the API server is told, decoded."""
    endpoint = Endpoint(Webhook(name="hook", kind=WIDGET, mode=mode, handler=handler))
    return json.loads(wire.as_written(await endpoint.judge(asked)))


async def heard(asked):
    """Return the request a handler is given."""
    given = []

    def handler(request: Admission[Widget]) -> None:
        given.append(request)

    assert {"uid": "u-1", "allowed": True} == await judged(handler, asked)
    return given[0]


async def test_a_handler_is_given_all_there_is():
    """Typed objects, who asks, what for."""
    user = {"username": "jane", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]}}
    asked = question(
        widget(size=3),
        widget(size=2),
        "UPDATE",
        userInfo=user,
        dryRun=True,
        subResource="status",
        name="w",
        namespace="ns",
    )

    request = await heard(asked)

    assert (3, 2) == (request.new.spec.size, request.old.spec.size)
    assert request.object is request.new
    assert ("UPDATE", "w", "ns", "status", True, "u-1") == (
        request.operation,
        request.name,
        request.namespace,
        request.subresource,
        request.dry_run,
        request.uid,
    )
    assert User(name="jane", uid="7", groups=("g",), extra={"k": ("v",)}) == request.user


async def test_a_deletion_is_about_the_object_that_goes():
    """There is no new object, and `object` is the old one."""
    request = await heard(question(None, widget(size=5), "DELETE"))

    assert request.new is None
    assert request.object.spec.size == 5


async def test_a_refusal_names_the_fields():
    """Message, reason, code, causes and warnings reach the API server."""

    def handler(request: Admission[Widget]) -> None:
        causes = [Cause(reason="FieldValueInvalid", message="too big", field="spec.size")]
        raise Denied(f"not {request.object.metadata.name}", causes=causes, warnings=["beware"])

    assert await judged(handler, question(widget())) == {
        "uid": "u-1",
        "allowed": False,
        "warnings": ["beware"],
        "status": {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": "not w",
            "reason": "Invalid",
            "code": 422,
            "details": {
                "causes": [
                    {"reason": "FieldValueInvalid", "message": "too big", "field": "spec.size"}
                ]
            },
        },
    }


async def test_a_refusal_without_causes_is_forbidden():
    """Reason and code agree without being spelled out."""

    async def handler(request: Admission[Widget]) -> None:
        raise Denied(f"not on a {request.namespace or 'day'}")

    status = (await judged(handler, question(widget())))["status"]

    assert ("Forbidden", 403) == (status["reason"], status["code"])


async def test_warnings_are_bounded():
    """What a handler warns of is shown; a flood of it is cut."""

    def handler(request: Admission[Widget]) -> list[str]:
        return ["x" * 10_000] * request.object.spec.size

    warnings = (await judged(handler, question(widget(size=100))))["warnings"]

    assert ["x" * WARNING_LETTERS] * WARNINGS == warnings


async def test_what_does_not_decode_is_refused_with_its_path():
    """No handler sees it, and the user learns where to look."""
    verdict = await judged(default, question(widget(size="big")), mode="mutate")

    assert not verdict["allowed"]
    assert ("BadRequest", 400) == (verdict["status"]["reason"], verdict["status"]["code"])
    assert "$.spec.size" in verdict["status"]["message"]


async def test_an_unreadable_stored_object_can_be_mended():
    """An update is judged as if the object were new."""
    request = await heard(question(widget(size=1), widget(size="old"), "UPDATE"))

    assert request.old is None


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(question(None, widget(size="old"), "DELETE"), id="deletion"),
        pytest.param(
            question(
                widget({"deletionTimestamp": "2030-01-01T00:00:00Z"}, size="old"),
                widget(size="old"),
                "UPDATE",
            ),
            id="finalizer-removal",
        ),
        pytest.param(deep(), id="finalizer-removal-of-a-deep-one"),
    ],
)
async def test_an_unreadable_object_can_go(asked):
    """Neither its deletion nor the removal of its finalizers is in the way of a handler."""

    def handler(request: Admission[Widget]) -> None:
        raise Denied(f"never {request.uid}")

    assert {"uid": "u-1", "allowed": True} == await judged(handler, asked)


def default(request: Admission[Widget]) -> Widget:
    """Default labels."""
    return replace(request.object, spec=replace(request.object.spec, labels={"a": "b"}))


def relabel(request: Admission[Widget]) -> list[Edit]:
    """Return operations."""
    return [Edit(op="add", path="/metadata/labels", value={"by": request.user.name or "nobody"})]


def nothing(request: Admission[Widget]) -> None:
    """Leave it alone."""
    assert request.object


def the_same(request: Admission[Widget]) -> Widget:
    """Return an equal copy."""
    return replace(request.object)


@pytest.mark.parametrize(
    ("handler", "patch"),
    [
        pytest.param(default, [("add", "/spec/labels", {"a": "b"})], id="object"),
        pytest.param(relabel, [("add", "/metadata/labels", {"by": "nobody"})], id="operations"),
    ],
)
async def test_a_mutation_is_a_patch_of_what_was_sent(handler, patch):
    """Defaults of the type, managedFields and unknown fields are not touched."""
    verdict = await judged(handler, question(widget()), mode="mutate")

    decoded = msgspec.json.decode(msgspec.convert(verdict["patch"], bytes), type=list[Edit])
    assert "JSONPatch" == verdict["patchType"]
    assert patch == [(edit.op, edit.path, edit.value) for edit in decoded]


@pytest.mark.parametrize("handler", [nothing, the_same])
async def test_no_mutation_is_no_patch(handler):
    """None, and an object equal to the one given, leave everything as it is."""
    assert {"uid": "u-1", "allowed": True} == await judged(handler, question(widget()), "mutate")


def says_false(request: Admission[Widget]) -> bool:
    """Return what looks like a refusal and is none."""
    return request.dry_run


def says_why(request: Admission[Widget]) -> str:
    """Return a text where a list is due."""
    return f"no {request.uid}"


def makes_a_gadget(request: Admission[Widget]) -> Gadget:
    """Return something else."""
    return msgspec.convert({"spec": {"from": request.uid}}, Gadget)


@pytest.mark.parametrize(
    ("handler", "mode", "remedy"),
    [
        pytest.param(says_false, "validate", "raise Denied", id="bool"),
        pytest.param(says_why, "validate", "raise Denied", id="text"),
        pytest.param(makes_a_gadget, "mutate", "a Widget, a list of Edits", id="other-type"),
    ],
)
async def test_an_answer_of_the_wrong_type_is_a_failure(handler, mode, remedy):
    """It is never taken for a yes."""
    with pytest.raises(WrongHandler, match=remedy):
        await judged(handler, question(widget()), mode)


class Judge:
    """A handler with state."""

    def method(self, request: Admission[Widget]) -> None:
        """Judge."""

    def __call__(self, request: Annotated[Admission[Widget], "said"]) -> None:
        """Judge."""


@pytest.mark.parametrize("handler", [Judge().method, Judge()], ids=["method", "object"])
def test_the_annotation_names_the_type(handler):
    """Methods and callable objects are handlers, too."""
    assert Widget is Endpoint(Webhook(name="h", kind=WIDGET, mode="validate", handler=handler)).type


def unannotated(request):
    """Judge."""


def of_a_widget(widget: Widget) -> None:
    """Judge."""


@pytest.mark.parametrize(
    "handler", [unannotated, of_a_widget, functools.partial(nothing)], ids=["none", "bare", "part"]
)
def test_a_handler_that_names_no_type_is_refused_at_once(handler):
    """When the server is made, not when the first request comes."""
    with pytest.raises(WrongHandler, match=r"Admission\[T\]"):
        Endpoint(Webhook(name="h", kind=WIDGET, mode="validate", handler=handler))


async def test_the_widget_familys_webhooks_do_what_they_say():
    """The example refuses, warns and defaults."""
    refuse, default_labels = (Endpoint(webhook) for webhook in WIDGET_FAMILY.webhooks)

    denied = await refuse.judge(question(widget(size=1_000_001)))
    warned = await refuse.judge(question(widget(size=950_000)))
    labelled = await default_labels.judge(question(widget()))

    assert "size is at most 1000000" == denied.status.message
    assert ("size 950000 is close to its limit of 1000000",) == warned.warnings
    assert b'[{"op":"add","path":"/spec/labels","value":{"tier":"none"}}]' == labelled.patch


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"[]", id="list"),
        pytest.param(
            b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}', id="old"
        ),
        pytest.param(b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', id="void"),
        pytest.param(b"\xff\xfe", id="no-text"),
    ],
)
def test_what_is_no_review_is_refused(body):
    """Whatever it is, it is a ValueError and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - the library's words
        wire.read(body)
