"""The default StorageClass gives volumes."""

from pathlib import Path

from tests.kit.eventually import eventually_blocking


def test_claim_is_bound_by_the_default_class(rest, namespace):
    """A claim that names no class is bound to a new volume, which goes with the claim."""
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    rest.create(path, {"metadata": {"name": "data"}, "spec": spec})

    claim = eventually_blocking(
        lambda: rest.get(f"{path}/data"), where=lambda seen: seen["status"]["phase"] == "Bound"
    )
    volume = f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}"
    folder = Path(rest.get(volume)["spec"]["hostPath"]["path"])

    assert claim["spec"]["storageClassName"] == "standard"
    assert folder.is_dir()
    rest.delete(f"{path}/data")
    eventually_blocking(lambda: rest.request("GET", volume).status, equals=404, within=30)
    assert not folder.exists()
