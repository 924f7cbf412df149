"""Values and owners of a cluster's fields, and how they are put back."""

import json

from informers.meta.microtime import Time
from informers.snapshot import Meta as SnapshotMeta
from informers.snapshot import Snapshot
from reconcilers.penin.api.proposal import FieldBefore
from reconcilers.penin.proposal.target import MANAGER, OURS, Target, claimed

NOW = Time.parse("2026-03-04T12:00:00Z")
GUARD, LEAGUE = "replicas.sigmaGuard", "replicas.acfaLeague"


def entry(manager, *paths, operation="Apply", subresource=""):
    """Return an entry of managedFields."""
    held = {}
    for path in paths:
        at = held
        for name in ("spec", *path.split(".")):
            at = at.setdefault(f"f:{name}", {})
    found = {"manager": manager, "operation": operation, "fieldsV1": held}
    return found | ({"subresource": subresource} if subresource else {})


def target(*entries, **replicas):
    """Return a cluster."""
    metadata = {
        "name": "a",
        "namespace": "default",
        "uid": "u",
        "resourceVersion": "7",
        "generation": 2,
        "managedFields": list(entries),
    }
    return Target(object={"metadata": metadata, "spec": {"replicas": replicas}})


def before(field=GUARD, value=2, after=3, owners=("jane/Apply",)):
    """Return what a field was."""
    return FieldBefore(field=field, value=value, after=after, owners=owners)


def test_owners_are_found_by_field():
    """All of them, but for those of the status."""
    found = target(
        entry("jane", GUARD, LEAGUE),
        entry("kubectl-edit", GUARD, operation="Update"),
        entry("pentad-penin-cluster", GUARD, operation="Update", subresource="status"),
        sigmaGuard=2,
    )

    assert ("jane/Apply", "kubectl-edit/Update") == found.owners(GUARD)
    assert ("jane/Apply",) == found.owners(LEAGUE)
    assert () == found.owners("replicas.omegaMeta")


def test_an_apply_names_again_what_earlier_ones_hold():
    """With the value that it has now; the version says of which state this is true."""
    found = target(entry(MANAGER, LEAGUE), entry("jane", GUARD), acfaLeague=4, sigmaGuard=2)

    body = found.applying({GUARD: 3})

    assert {"replicas": {"acfaLeague": 4, "sigmaGuard": 3}} == body["spec"]
    assert "7" == body["metadata"]["resourceVersion"]


def test_states_of_a_change():
    """Before it, with it, and put back are told apart by values and owners."""
    was = [before()]
    untouched = target(entry("jane", GUARD), sigmaGuard=2)
    changed = target(entry(MANAGER, GUARD), sigmaGuard=3)
    put_back = target(entry(MANAGER, GUARD), sigmaGuard=2)

    assert [True, False, False] == [each.is_before(was) for each in (untouched, changed, put_back)]
    assert [False, True, False] == [each.has_change(was) for each in (untouched, changed, put_back)]
    assert [False, False, True] == [
        each.is_put_back(was) for each in (untouched, changed, put_back)
    ]


def test_who_took_a_field_is_named():
    """By its value, or by a claim to it as it is."""
    other = target(entry("joe", GUARD, operation="Update"), sigmaGuard=4)
    shared = target(entry(MANAGER, GUARD), entry("joe", GUARD), sigmaGuard=3)

    assert "replicas.sigmaGuard is 4 now, by joe" == other.taken([before()])
    assert "replicas.sigmaGuard is 3 now, by joe" == shared.taken([before()])
    assert "" == target(entry(MANAGER, GUARD), sigmaGuard=3).taken([before()])


def handed_back(found, *was):
    """Return managedFields as they are after the patch, by manager."""
    patch = json.loads(found.handing_back(was, now=NOW))
    assert {"/metadata/managedFields", "/metadata/resourceVersion"} == {p["path"] for p in patch}
    (managed,) = (each["value"] for each in patch if each["path"].endswith("managedFields"))
    return {f"{each['manager']}/{each['operation']}": each["fieldsV1"] for each in managed}


def test_a_field_goes_back_to_its_owner():
    """Into the entry that they still have."""
    found = target(entry("jane", LEAGUE), entry(MANAGER, GUARD), sigmaGuard=2)

    assert {"jane/Apply": entry("jane", LEAGUE, GUARD)["fieldsV1"]} == handed_back(found, before())


def test_an_owner_who_had_nothing_else_is_known_again():
    """Their entry is made anew."""
    found = target(entry(MANAGER, GUARD), sigmaGuard=2)
    was = before(owners=("jane/Apply", "kubectl-edit/Update"))

    fields = entry("", GUARD)["fieldsV1"]
    assert {"jane/Apply": fields, "kubectl-edit/Update": fields} == handed_back(found, was)


def test_a_field_that_was_ours_stays_ours():
    """An earlier change holds it."""
    found = target(entry(MANAGER, GUARD, LEAGUE), sigmaGuard=2)

    left = handed_back(found, before(owners=(OURS,)), before(LEAGUE, owners=()))

    assert {OURS: entry("", GUARD)["fieldsV1"]} == left


def test_what_is_ours_is_seen_in_the_cache():
    """Where managedFields are cut to what managers of ours own."""
    claims = json.dumps(
        [[MANAGER, entry("", GUARD)["fieldsV1"]], ["pentad-other", entry("", LEAGUE)["fieldsV1"]]]
    )

    assert {GUARD} == claimed(Snapshot(b"{}", SnapshotMeta(name="a"), claims.encode()))
    assert frozenset() == claimed(Snapshot(b"{}", SnapshotMeta(name="a")))
