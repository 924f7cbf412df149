"""What belongs to an informer's selection, judged without the server."""

import msgspec
import pytest

from informers.meta.builtin import POD
from informers.reflector import Source
from informers.selection import Selection, as_metadata_only
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
