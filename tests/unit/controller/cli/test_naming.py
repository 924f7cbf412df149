"""Which kind and which object a user means."""

import pytest

from controller.cli.discovery import Resource
from controller.cli.errors import WrongUse
from controller.cli.naming import Named, kind_for, split
from informers.meta.kinds import Kind


def served(group, kind, plural, *short, version="v1"):
    """Return a kind as a server announces it."""
    return Resource(
        kind=Kind(group, version, kind, plural),
        singular=kind.lower(),
        short=short,
        verbs=frozenset({"get", "list"}),
    )


RESOURCES = [
    served("", "Pod", "pods", "po"),
    served("metrics.k8s.io", "PodMetrics", "pods", version="v1beta1"),
    served("", "Event", "events", "ev"),
    served("events.k8s.io", "Event", "events", "ev"),
    served("apps", "Deployment", "deployments", "deploy"),
    served("penin.ai", "PeninOmegaCluster", "peninaomegaclusters", "penin", version="v1alpha1"),
    served("postgresql.cnpg.io", "Cluster", "clusters"),
    served("cluster.x-k8s.io", "Cluster", "clusters", "cl"),
    served("a.example", "Widget", "widgets", "w"),
    served("b.example", "Widget", "widgets"),
    served("c.example", "Wagon", "wagons", "w"),
]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (["penin/a"], Named("penin", "a")),
        (["deploy", "web"], Named("deploy", "web")),
        (["deployments.apps/web"], Named("deployments.apps", "web")),
        (["penin"], Named("penin", "")),
        ([], None),
    ],
)
def test_an_object_is_named_as_for_kubectl(what, expected):
    """With a slash, or as two words."""
    assert expected == split(what)


@pytest.mark.parametrize(
    "what", [["/a"], ["deploy/"], ["a/b/c"], ["a/b", "c"], ["a", "b", "c"], ["a", "b/c"]]
)
def test_what_names_no_object_is_refused(what):
    """In words, and before anything is asked of the server."""
    with pytest.raises(WrongUse):
        split(what)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("penin", "peninaomegaclusters.penin.ai"),
        ("PeninOmegaCluster", "peninaomegaclusters.penin.ai"),
        ("peninomegacluster", "peninaomegaclusters.penin.ai"),
        ("peninaomegaclusters.penin.ai", "peninaomegaclusters.penin.ai"),
        ("penin.v1alpha1.penin.ai", "peninaomegaclusters.penin.ai"),
        ("penin.penin", "peninaomegaclusters.penin.ai"),
        ("pods", "pods"),
        ("po", "pods"),
        ("ev", "events"),
        ("events.events.k8s.io", "events.events.k8s.io"),
        ("clusters.postgresql.cnpg.io", "clusters.postgresql.cnpg.io"),
        ("widgets.b.example", "widgets.b.example"),
    ],
)
def test_a_kind_has_many_names(word, expected):
    """Kubernetes' own groups come first where several answer to a name."""
    assert expected == kind_for(word, RESOURCES).kind.resource


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "widgets",
            "'widgets' can be several kinds here: say widgets.a.example or widgets.b.example",
        ),
        ("w", "'w' can be several kinds here: say wagons.c.example or widgets.a.example"),
        ("dploy", "the server has no kind 'dploy': did you mean deployments?"),
        ("zzz", "the server has no kind 'zzz': are its CRDs installed? See kubectl api-resources"),
        (
            "deploy.extensions",
            "the server has no kind 'deploy.extensions': did you mean deployments?",
        ),
    ],
)
def test_what_is_not_clear_is_told_with_the_way_out(word, said):
    """All that it may be, or what is nearly called so."""
    with pytest.raises(WrongUse) as raised:
        kind_for(word, RESOURCES)

    assert said == str(raised.value)
