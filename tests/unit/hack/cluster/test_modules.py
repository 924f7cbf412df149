"""The module graph of another Kubernetes version is derived from its own."""

import pytest

from hack.cluster.errors import BuildError
from hack.cluster.modules import derive
from hack.cluster.releases import Version

NEW = """module k8s.io/kubernetes

go 1.24.0

require k8s.io/api v0.0.0

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/client-go => ./staging/src/k8s.io/client-go
)
"""
OLD = """module k8s.io/kubernetes

go 1.20

replace k8s.io/api v0.0.0 => ./staging/src/k8s.io/api
replace k8s.io/client-go => ./staging/src/k8s.io/client-go
replace github.com/other => github.com/fork v1.0.0
"""
EXPECTED = """module pentad.test/hack/cluster/kubernetes

go {language}

require k8s.io/kubernetes v1.33.4

replace (
	k8s.io/api => k8s.io/api v0.33.4
	k8s.io/client-go => k8s.io/client-go v0.33.4
)
"""


@pytest.mark.parametrize(
    ("original", "language"), [(NEW, "1.24.0"), (OLD, "1.20")], ids=["block", "single lines"]
)
def test_staging_modules_are_replaced_by_published_ones(original, language):
    """Each staging module becomes the published one of the same release; others are left alone."""
    assert EXPECTED.format(language=language) == derive(original, Version(1, 33, 4))


@pytest.mark.parametrize("original", ["", "module x\n\ngo 1.24.0\n"])
def test_unknown_form_is_told(original):
    """A go.mod that names no staging module is not taken for one that needs none."""
    with pytest.raises(BuildError, match="unknown form"):
        derive(original, Version(1, 99, 0))
