"""Who else scales the same workload."""

import pytest

from informers.meta import codec
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.rivals import Autoscaler, ScaledObject, rival

WEB = {"kind": "Deployment", "name": "web"}


def scaler(name="mine", target=None, made="2026-01-01T00:00:10Z"):
    """Return a scaler of ours."""
    return codec.convert(
        {
            "metadata": {"name": name, "creationTimestamp": made},
            "spec": {"target": target or WEB, "maxReplicas": 3},
        },
        VerticeScaler,
    )


def scaling(type_, called, **reference):
    """Return an autoscaler of others."""
    return codec.convert(
        {"metadata": {"name": called}, "spec": {"scaleTargetRef": reference}}, type_
    )


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (
            scaling(Autoscaler, "hpa", apiVersion="apps/v1", kind="Deployment", name="web"),
            "HorizontalPodAutoscaler hpa",
        ),
        (
            scaling(Autoscaler, "hpa", apiVersion="apps/v1beta1", kind="Deployment", name="web"),
            "HorizontalPodAutoscaler hpa",
        ),
        (scaling(Autoscaler, "hpa", apiVersion="apps/v1", kind="StatefulSet", name="web"), ""),
        (scaling(Autoscaler, "hpa", apiVersion="x.io/v1", kind="Deployment", name="web"), ""),
        (scaling(Autoscaler, "hpa", apiVersion="apps/v1", kind="Deployment", name="api"), ""),
        (scaling(ScaledObject, "so", name="web"), "ScaledObject so"),
    ],
    ids=[
        "the same",
        "at another version",
        "of another kind",
        "of another group",
        "another",
        "KEDA's, which leaves out the usual",
    ],
)
def test_an_autoscaler_of_others_has_the_target(other, name):
    """Whatever its version."""
    assert name == rival(scaler(), scalers=[], autoscalers=[other])


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (scaler("a", made="2026-01-01T00:00:00Z"), "VerticeScaler a"),
        (scaler("a", made="2026-01-01T00:00:20Z"), ""),
        (scaler("a"), "VerticeScaler a"),
        (scaler("z"), ""),
        (scaler("a", {**WEB, "apiVersion": "apps/v1"}), "VerticeScaler a"),
        (scaler("a", {"kind": "Deployment", "name": "api"}), ""),
    ],
    ids=[
        "older",
        "younger",
        "of the same second: by name",
        "the other way round",
        "with the version written out",
        "of another target",
    ],
)
def test_of_two_scalers_the_older_goes_on(other, name):
    """A mistake that is made later changes nothing."""
    mine = scaler()

    assert name == rival(mine, scalers=[mine, other], autoscalers=[])
