"""What leaves for the server: paths, queries, bodies, and what counts as a write."""

from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from informers import request as requests
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT, NODE, POD
from informers.meta.kinds import Kind
from informers.request import DeleteOptions, ListOptions, Request, object_key

ROLE = Kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False)


@pytest.mark.parametrize(
    ("kind", "arguments", "path"),
    [
        (POD, {}, "/api/v1/pods"),
        (POD, {"namespace": "ns"}, "/api/v1/namespaces/ns/pods"),
        (POD, {"namespace": "ns", "name": "p"}, "/api/v1/namespaces/ns/pods/p"),
        (
            POD,
            {"namespace": "ns", "name": "p", "subresource": "eviction"},
            "/api/v1/namespaces/ns/pods/p/eviction",
        ),
        (DEPLOYMENT, {"namespace": "ns"}, "/apis/apps/v1/namespaces/ns/deployments"),
        (NODE, {"namespace": "ignored", "name": "n"}, "/api/v1/nodes/n"),
    ],
    ids=["all", "namespace", "object", "subresource", "group", "cluster"],
)
def test_paths_are_the_api_s(kind, arguments, path):
    """Core and named groups, with and without a namespace."""
    assert path == kind.path(**arguments)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("system:node", "system:node"),
        ("what?", "what%3F"),
        ("my role", "my%20role"),
        ("a#b", "a%23b"),
        ("müller", "m%C3%BCller"),
    ],
)
def test_names_are_escaped_in_a_path(name, target):
    """Names of roles may hold nearly anything; none of it ends the path."""
    found = requests.get(ROLE, name)

    assert f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{target}" == found.target
    assert name == found.key


@pytest.mark.parametrize("name", ["ns/name", "..", ".", "../../x"])
@pytest.mark.parametrize("namespace", ["ns", "n/s", ".."], ids=["right", "slash", "dots"])
def test_no_name_leads_elsewhere(name, namespace):
    """Names come from users' objects; a key in place of a name is told as such."""
    with pytest.raises(ValueError, match="parts of a key"):
        requests.get(POD, name, namespace=namespace)


@pytest.mark.parametrize(
    "make",
    [
        lambda: requests.get(CONFIG_MAP, "", namespace="n"),
        lambda: requests.write("PUT", CONFIG_MAP, {}, namespace="n"),
        lambda: requests.patch(CONFIG_MAP, "", {}, type_="merge", namespace="n"),
        lambda: requests.delete(CONFIG_MAP, "", DeleteOptions(uid="u"), namespace="n"),
    ],
    ids=["get", "replace", "patch", "delete"],
)
def test_what_is_about_one_object_is_never_about_all(make):
    """Without a name the same request would delete every object of the namespace."""
    with pytest.raises(ValueError, match="would be about all"):
        make()


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({}, {}),
        ({"label_selector": "a in (b,c),d!=e"}, {"labelSelector": "a in (b,c),d!=e"}),
        ({"field_selector": "metadata.name=x&y"}, {"fieldSelector": "metadata.name=x&y"}),
        ({"resource_version": "0", "limit": 500}, {"resourceVersion": "0", "limit": "500"}),
        (
            {"resource_version": "7", "resource_version_match": "Exact"},
            {"resourceVersion": "7", "resourceVersionMatch": "Exact"},
        ),
        (
            {"continue_token": "a+/=%", "resource_version": "7", "resource_version_match": "Exact"},
            {"continue": "a+/=%"},
        ),
    ],
    ids=["none", "labels", "fields", "page", "exact", "a token knows its version"],
)
def test_a_list_says_what_it_wants_escaped(options, query):
    """What the server decodes is what was meant, byte by byte."""
    found = requests.list_(POD, ListOptions(**options))

    assert query == dict(parse_qsl(urlsplit(found.target).query, strict_parsing=bool(query)))


def test_a_watch_always_has_an_end_and_bookmarks():
    """Initial content is asked for only where it is wanted."""
    plain = requests.watch(POD, ListOptions(resource_version="5"), timeout_seconds=300)
    initial = requests.watch(POD, ListOptions(), timeout_seconds=300, initial_events=True)

    always = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": "300"}
    assert always | {"resourceVersion": "5"} == plain.query
    assert (
        always
        | {
            "sendInitialEvents": "true",
            "resourceVersionMatch": "NotOlderThan",
        }
        == initial.query
    )


def test_metadata_only_is_asked_for_by_what_is_accepted():
    """A list of partial objects and a watch of partial objects are two things."""
    options = ListOptions(metadata_only=True)

    assert requests.METADATA_ONLY_LIST == requests.list_(POD, options).accept
    assert requests.METADATA_ONLY == requests.watch(POD, options, timeout_seconds=1).accept
    assert requests.JSON == requests.list_(POD, ListOptions()).accept


BODY = {"metadata": {"name": "x"}}


@pytest.mark.parametrize(
    ("body", "name", "key"),
    [
        (BODY, "", "ns/x"),
        (BODY, "y", "ns/y"),
        ({"metadata": {"generateName": "x-"}}, "", "ns/"),
        (b'{"metadata":{"name":"raw"}}', "", "ns/raw"),
        (b"no json", "", "ns/"),
        (b'{"metadata":{"name":"\xff"}}', "", "ns/"),
        (b"[" * 5000, "", "ns/"),
    ],
    ids=["body", "given", "generated", "bytes", "no json", "no UTF-8", "too deep"],
)
def test_a_write_knows_the_key_it_is_about(body, name, key):
    """Where the name is the server's to make up, the key says so."""
    assert key == requests.write("POST", CONFIG_MAP, body, name=name, namespace="ns").key


@pytest.mark.parametrize(
    ("made", "content_type", "query"),
    [
        ({"type_": "apply", "force": True, "manager": "m"}, "apply-patch+yaml", "force=true"),
        ({"type_": "merge"}, "merge-patch+json", ""),
        ({"type_": "json"}, "json-patch+json", ""),
        ({"type_": "strategic", "dry_run": True}, "strategic-merge-patch+json", "dryRun=All"),
    ],
    ids=["apply", "merge", "json", "strategic"],
)
def test_a_patch_says_of_which_sort_it_is(made, content_type, query):
    """By its content type; only server-side apply can be forced."""
    found = requests.patch(CONFIG_MAP, "x", {}, namespace="ns", **made)

    assert f"application/{content_type}" == found.content_type
    assert query in found.target
    assert ("ns/x", "PATCH") == (found.key, found.method)


@pytest.mark.parametrize(
    ("made", "is_write"),
    [
        (requests.get(POD, "x"), False),
        (requests.list_(POD, ListOptions()), False),
        (requests.write("POST", POD, BODY), True),
        (requests.write("PUT", POD, BODY, name="x", dry_run=True), False),
        (requests.patch(POD, "x", {}, type_="merge", dry_run=True), False),
        (requests.delete(POD, "x", DeleteOptions()), True),
        (requests.delete_collection(POD, ListOptions(), DeleteOptions()), True),
        (requests.delete_collection(POD, ListOptions(), DeleteOptions(), dry_run=True), False),
    ],
    ids=str,
)
def test_a_dry_run_is_no_write(made, is_write):
    """It needs no fence, and casts no doubt when its answer is lost."""
    assert is_write == made.is_write


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, {"propagationPolicy": "Background"}),
        (
            {"uid": "u", "resource_version": "7"},
            {
                "propagationPolicy": "Background",
                "preconditions": {"uid": "u", "resourceVersion": "7"},
            },
        ),
        (
            {"grace_seconds": 0, "propagation": "Orphan"},
            {"propagationPolicy": "Orphan", "gracePeriodSeconds": 0},
        ),
    ],
    ids=["plain", "preconditions", "no grace"],
)
def test_deletions_carry_their_conditions(options, body):
    """A grace of zero is said, no grace is not."""
    found = requests.delete(POD, "x", DeleteOptions(**options), namespace="ns")

    assert body == msgspec.json.decode(found.body)


def test_a_collection_s_deletion_is_about_all_there():
    """Its key has no name; what is selected is in the query."""
    options = ListOptions(namespace="ns", label_selector="a=b")
    found = requests.delete_collection(POD, options, DeleteOptions())

    assert ("ns/", {"labelSelector": "a=b"}) == (found.key, found.query)


@pytest.mark.parametrize(("namespace", "key"), [("ns", "ns/x"), ("", "x")])
def test_keys_have_a_namespace_where_there_is_one(namespace, key):
    """As stores and queues name objects."""
    assert key == object_key(namespace, "x")


def test_a_request_is_named_without_its_query():
    """Tokens and selectors do not end up in logs and metrics."""
    assert "GET /api/v1/pods" == str(Request(method="GET", path="/api/v1/pods", query={"a": "b"}))
