"""Widgets for the tests of this folder."""

import pytest

from hack.gen.__main__ import ROOT
from tests.kit.crds import install_crds
from tests.kit.widget.api import Widget

CRD = ROOT / "tests/kit/widget/manifests/crd/widgets.test.pentad.dev.yaml"


@pytest.fixture
def widgets(kubectl, namespace):
    """Return the path of the namespace's Widgets, served by the cluster."""
    install_crds(kubectl, CRD)
    return Widget.definition.kind.path(namespace)
