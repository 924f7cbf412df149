"""Small images made of a few files, as archives that containerd imports.

An OCI archive is a tar of a few JSON files and layers, each named by its hash. This is for what is
one static program, such as the one that holds a pod's namespaces; everything else is built from a
Dockerfile.
"""

import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

_OCI: Final = "application/vnd.oci.image"
MANIFEST: Final = f"{_OCI}.manifest.v1+json"
_EXECUTABLE: Final = 0o755
_EVERYBODY: Final = 0o1777

Content = bytes | str | None


def archive(
    name: str, files: Mapping[str, Content], *, entrypoint: Sequence[str], architecture: str
) -> bytes:
    """Return the archive of an image.

    Its files are programs, links where a text stands, and folders for everybody where nothing does.
    """
    config = {"Entrypoint": list(entrypoint), "User": "65532:65532"}
    return wrap(name, _tar(files), {"architecture": architecture, "config": config})


def wrap(name: str, layer: bytes, config: Mapping[str, Any]) -> bytes:
    """Return the archive of an image that has one layer, a tar, and this configuration."""
    layers = {"type": "layers", "diff_ids": [_digest(layer)]}
    configured = encode({"os": "linux", "rootfs": layers} | dict(config))
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(f"{_OCI}.config.v1+json", configured),
            "layers": [described(f"{_OCI}.layer.v1.tar", layer)],
        }
    )
    blobs = {blob_name(each): each for each in (layer, configured, manifest)}
    return _tar(
        {
            "oci-layout": encode({"imageLayoutVersion": "1.0.0"}),
            "index.json": index({name: manifest}),
        }
        | blobs
    )


def index(manifests: Mapping[str, bytes]) -> bytes:
    """Return the index of an archive: the manifest of each name."""
    return encode(
        {
            "schemaVersion": 2,
            "manifests": [
                described(MANIFEST, manifest)
                | {
                    "annotations": {
                        "org.opencontainers.image.ref.name": name,
                        "io.containerd.image.name": name,
                    }
                }
                for name, manifest in manifests.items()
            ],
        }
    )


def _tar(files: Mapping[str, Content]) -> bytes:
    """Return a tar that depends on nothing but its files."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode = _EXECUTABLE
            if content is None:
                entry.type, entry.mode = tarfile.DIRTYPE, _EVERYBODY
                tar.addfile(entry)
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def described(kind: str, blob: bytes) -> dict[str, Any]:
    """Return the descriptor of a blob."""
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def blob_name(blob: bytes) -> str:
    """Return where a blob stands in an archive."""
    return f"blobs/sha256/{_hash(blob)}"


def encode(content: Mapping[str, Any]) -> bytes:
    """Return the JSON of a part of an archive."""
    return msgspec.json.encode(content)


def _digest(blob: bytes) -> str:
    return f"sha256:{_hash(blob)}"


def _hash(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()
