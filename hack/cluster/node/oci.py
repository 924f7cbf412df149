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
_EXECUTABLE: Final = 0o755
_EVERYBODY: Final = 0o1777

Content = bytes | str | None


def archive(
    name: str, files: Mapping[str, Content], *, entrypoint: Sequence[str], architecture: str
) -> bytes:
    """Return the archive of an image.

    Its files are programs, links where a text stands, and folders for everybody where nothing does.
    """
    layer = _tar(files)
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "User": "65532:65532"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _described(f"{_OCI}.config.v1+json", config),
            "layers": [_described(f"{_OCI}.layer.v1.tar", layer)],
        }
    )
    named = {"org.opencontainers.image.ref.name": name, "io.containerd.image.name": name}
    index = {
        "schemaVersion": 2,
        "manifests": [_described(f"{_OCI}.manifest.v1+json", manifest) | {"annotations": named}],
    }
    blobs = {f"blobs/sha256/{_hash(each)}": each for each in (layer, config, manifest)}
    return _tar(
        {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index)} | blobs
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


def _described(kind: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{_hash(blob)}"


def _hash(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()


def _json(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content)
