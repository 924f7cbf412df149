"""What belongs to an informer's selection, judged without the server."""

import msgspec
import pytest

from informers.drift import our_claims
from informers.meta.builtin import POD, SECRET
from informers.reflector import Source
from informers.selection import Selection, as_metadata_only, is_part_of
from informers.snapshot import seal

POD_BODY = {
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "ns", "labels": {"app": "web", "tier": "front"}},
    "spec": {"nodeName": "n1", "hostNetwork": True, "restartPolicy": "Always"},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("labels", "fields", "admitted"),
    [
        ("", "", True),
        ("app=web", "", True),
        ("app=web,tier!=front", "", False),
        ("app in (web,db),!gone", "", True),
        ("gone", "", False),
        ("", "spec.nodeName=n1", True),
        ("", "spec.nodeName!=n1", False),
        ("", "metadata.name=p,metadata.namespace=ns", True),
        ("", "spec.hostNetwork=true", True),
        ("", "spec.serviceAccountName=", True),
        ("", "status.nominatedNodeName=n1", False),
        ("app=web", "status.phase=Pending", False),
        ("app=db", "status.phase=Running", False),
    ],
)
def test_selectors_are_judged_as_on_the_server(labels, fields, admitted):
    """Both have to match; a missing field is empty."""
    source = Source(kind=POD, label_selector=labels, field_selector=fields)

    assert admitted == Selection(source).admits(seal(msgspec.json.encode(POD_BODY)))


def test_metadata_only_is_what_such_a_watch_would_have_sent():
    """Kind, version and metadata, nothing else."""
    found = msgspec.json.decode(as_metadata_only(msgspec.json.encode(POD_BODY)))

    assert {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": POD_BODY["metadata"],
    } == found


DEEP = b"[" * 5_000 + b"]" * 5_000


@pytest.mark.parametrize(("node", "admitted"), [("n1", True), ("n2", False)])
def test_a_deep_object_is_judged_as_any_other(node, admitted):
    """Custom objects may be nested deeper than this interpreter's stack, beside what is asked."""
    raw = b'{"metadata":{"name":"x"},"spec":{"deep":%s,"node":"n1","more":%s}}' % (DEEP, DEEP)
    selection = Selection(Source(kind=POD, field_selector=f"spec.node={node},spec.deep="))

    assert admitted == selection.admits(seal(raw))
    assert b'"metadata":{"name":"x"}' in as_metadata_only(raw)


PART = {"kind": POD, "label_selector": "app=web", "metadata_only": True}
WHOLE = {"kind": POD, "label_selector": "app=web"}


@pytest.mark.parametrize(
    ("part", "whole", "fits"),
    [
        ({}, {}, True),
        ({}, {"claims": our_claims}, True),
        ({}, {"kind": SECRET}, False),
        ({}, {"label_selector": ""}, False),
        ({}, {"field_selector": "spec.nodeName=n1"}, False),
        ({}, {"metadata_only": True}, False),
        ({}, {"transform": bytes.strip}, False),
        ({"transform": bytes.strip}, {}, False),
        ({"metadata_only": False}, {}, False),
    ],
    ids=[
        "the same objects",
        "digested",
        "another kind",
        "more objects",
        "fewer objects",
        "no more of them",
        "less of them",
        "metadata of its own",
        "whole itself",
    ],
)
def test_metadata_is_part_of_whole_objects_if_those_are_the_same_objects(part, whole, fits):
    """And nothing was cut from them, nor is anything to be made of them."""
    assert fits == is_part_of(Source(**{**PART, **part}), Source(**{**WHOLE, **whole}))
