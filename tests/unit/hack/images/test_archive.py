"""What is in an archive, and one image under several names."""

import io
import json
import tarfile

import pytest

from hack.cluster.node import oci
from hack.images.archive import Archive, tag


def layer(**files):
    """Return a layer with these files; `__` in a name is a slash."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def write(path, *layers, **config):
    """Write an archive of several layers."""
    configured = oci.encode({"config": config})
    described = [oci.described("application/vnd.oci.image.layer.v1.tar", each) for each in layers]
    kind = "application/vnd.oci.image.config.v1+json"
    manifest = oci.encode(
        {"config": oci.described(kind, configured), "layers": described, "schemaVersion": 2}
    )
    blobs = {oci.blob_name(each): each for each in (*layers, configured, manifest)}
    with tarfile.open(path, "w") as tar:
        for name, content in (blobs | {"index.json": oci.index({"a/b:1": manifest})}).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return Archive(path)


def entries(path):
    """Return the image configuration of each name, following the hashes."""
    with tarfile.open(path) as tar:
        found = {}
        for entry in json.load(tar.extractfile("index.json"))["manifests"]:
            manifest = json.load(tar.extractfile(blob(entry)))
            assert all(tar.getmember(blob(each)) for each in manifest["layers"])
            name = entry["annotations"]["io.containerd.image.name"]
            found[name] = json.load(tar.extractfile(blob(manifest["config"])))["config"]
        return found


def blob(descriptor):
    """Return where a blob stands."""
    return f"blobs/{descriptor['digest'].replace(':', '/')}"


def test_upper_layers_hide_lower_ones(tmp_path):
    """What is replaced or taken away is not seen; what is not asked for is not kept."""
    lower = layer(a=b"1", b=b"1", d__x=b"1", d__y=b"1", o__x=b"1", other=b"12345")
    upper = layer(
        **{"a": b"2", ".wh.b": b"", "d__.wh.x": b"", "o__.wh..wh..opq": b"", "o__z": b"3"}
    )
    content = write(tmp_path / "x", lower, upper).content(lambda name: name != "other")

    assert {"a": b"2", "d/y": b"1", "o/z": b"3"} == content.files
    assert 12 == content.unpacked
    assert len(lower) + len(upper) == content.packed


def test_a_name_tells_its_tag_to_the_program(tmp_path):
    """Each entry has its own variable, all others stay, and layers are shared."""
    archive = write(tmp_path / "x", layer(a=b"1"), Env=["PATH=/bin", "RELEASE=dev"], User="1:1")
    names = ["registry.test:5000/g/n:0.9.0", "registry.test/g/n:0.9.1-bad"]
    archive.named(names, tmp_path / "y", release="RELEASE")

    found = entries(tmp_path / "y")
    assert names == list(found)
    assert [["PATH=/bin", f"RELEASE={tag(name)}"] for name in names] == [
        found[name]["Env"] for name in names
    ]
    assert {"1:1"} == {each["User"] for each in found.values()}


def test_without_a_variable_names_share_everything(tmp_path):
    """The image is the same to the last byte, so its digest is."""
    archive = write(tmp_path / "x", layer(a=b"1"), Env=["PATH=/bin"])
    archive.named(["a.test/x:1", "b.test/y:2"], tmp_path / "y")

    assert ["PATH=/bin"] == entries(tmp_path / "y")["b.test/y:2"]["Env"]
    assert archive.digest == Archive(tmp_path / "y").digest
    assert {"Env": ["PATH=/bin"]} == archive.config


@pytest.mark.parametrize("name", ["redis", "redis:7", "registry.test:5000/redis", "a/b"])
def test_a_name_has_to_be_whole(name):
    """A name that a runtime would complete may mean another image than the one that is loaded."""
    with pytest.raises(ValueError, match="in full"):
        tag(name)
