"""A small image: every part is found by its hash, and the same files make the same image."""

import hashlib
import io
import json
import tarfile

from hack.cluster.node.oci import archive

FILES = {"bin/tool": b"\x7fELF", "bin/alias": "tool", "tmp": None}


def parts_of(image):
    """Return what the archive contains, by name."""
    with tarfile.open(fileobj=io.BytesIO(image)) as tar:
        return {each.name: tar.extractfile(each).read() for each in tar.getmembers()}


def image():
    """Return one."""
    return archive("docker.io/local/x:1", FILES, entrypoint=["/bin/tool"], architecture="amd64")


def blob(parts, described):
    """Return what a descriptor points at, after checking that it is that."""
    content = parts[f"blobs/sha256/{described['digest'].removeprefix('sha256:')}"]
    assert described["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert described["size"] == len(content)
    return content


def test_the_index_leads_to_the_program():
    """As a container runtime follows it: index, manifest, configuration and layer."""
    parts = parts_of(image())
    (entry,) = json.loads(parts["index.json"])["manifests"]
    manifest = json.loads(blob(parts, entry))
    config = json.loads(blob(parts, manifest["config"]))
    (layer,) = (blob(parts, each) for each in manifest["layers"])

    assert entry["annotations"]["io.containerd.image.name"] == "docker.io/local/x:1"
    assert config["config"]["Entrypoint"] == ["/bin/tool"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert tar.extractfile("bin/tool").read() == b"\x7fELF"
        assert tar.getmember("bin/alias").linkname == "tool"
        assert tar.getmember("tmp").isdir()


def test_the_same_files_make_the_same_image():
    """No time and no user of the machine it was made on is in it."""
    assert image() == image()
