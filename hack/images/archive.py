"""An OCI archive on disk: what is in its layers, and the same image under other names.

An archive is a tar of `index.json` and blobs named by their hashes. One of several names has
several entries in its index; they share all layers, and all but a few hundred bytes where the names
differ in a variable.
"""

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import attrs
import msgspec

from hack.cluster.node import oci

_INDEX: Final = "index.json"
_WHITEOUT: Final = ".wh."

Document = dict[str, Any]


@attrs.frozen(kw_only=True)
class Content:
    """What is in an image: the files and links asked for, and its size, packed and unpacked."""

    files: Mapping[str, bytes]
    links: Mapping[str, str]
    packed: int
    unpacked: int


@attrs.frozen
class Archive:
    """An archive of one image."""

    path: Path

    @property
    def digest(self) -> str:
        """The hash of its manifest, by which runtimes know it."""
        with tarfile.open(self.path) as tar:
            return str(_entry(tar)["digest"])

    @property
    def config(self) -> Document:
        """How it is run."""
        with tarfile.open(self.path) as tar:
            settings: Document = _blob(tar, _manifest(tar)["config"])["config"]
            return settings

    def layers(self) -> Iterator[IO[bytes]]:
        """Yield the layers from the lowest up, each as a tar that is read once."""
        with tarfile.open(self.path) as tar:
            for layer in _manifest(tar)["layers"]:
                with _open(tar, layer) as packed:
                    yield packed

    def content(self, wanted: Callable[[str], bool]) -> Content:
        """Return the files whose names are wanted, as a container would see them.

        Links are those of all layers; what takes one away is not looked for.
        """
        files: dict[str, bytes] = {}
        links: dict[str, str] = {}
        unpacked = 0
        for packed in self.layers():
            with tarfile.open(fileobj=packed, mode="r|*") as layer:
                for member in layer:
                    name = member.name.removeprefix("./")
                    unpacked += member.size
                    if _hides(files, name):
                        continue
                    if member.issym() and wanted(name):
                        links[name] = member.linkname
                    elif member.isreg() and wanted(name):
                        content = layer.extractfile(member)
                        assert content is not None, "it is a regular file"
                        files[name] = content.read()
        with tarfile.open(self.path) as tar:
            packed_size = sum(int(each["size"]) for each in _manifest(tar)["layers"])
        return Content(files=files, links=links, packed=packed_size, unpacked=unpacked)

    def named(self, names: Iterable[str], output: Path, *, release: str | None = None) -> None:
        """Write an archive in which the image has these names.

        `release` is the variable that tells its program the tag of the name it was started by.
        """
        with tarfile.open(self.path) as tar, tarfile.open(output, "w") as out:
            blobs: dict[str, bytes] = {}
            manifests = {}
            for name in names:
                variables = {} if release is None else {release: tag(name)}
                manifests[name] = _with_variables(tar, variables, blobs)
            for member in tar:
                if member.name not in {_INDEX, *blobs}:
                    out.addfile(member, tar.extractfile(member) if member.isreg() else None)
            for name, blob in (blobs | {_INDEX: oci.index(manifests)}).items():
                entry = tarfile.TarInfo(name)
                entry.size = len(blob)
                out.addfile(entry, io.BytesIO(blob))


def tag(name: str) -> str:
    """Return the tag of a full image name, which has one."""
    repository, _, found = name.partition("@")[0].rpartition(":")
    if not repository or "/" in found or "/" not in repository:
        raise ValueError(f"{name!r}: write it in full, such as registry.test/group/name:1.0")
    return found


def _with_variables(
    tar: tarfile.TarFile, variables: Mapping[str, str], blobs: dict[str, bytes]
) -> bytes:
    """Return a manifest of the same layers; what it newly points at is put to the blobs."""
    manifest = _manifest(tar)
    if variables:
        config = _blob(tar, manifest["config"])
        environment = [
            each
            for each in config["config"].get("Env", ())
            if each.partition("=")[0] not in variables
        ]
        environment += [f"{name}={value}" for name, value in variables.items()]
        config["config"]["Env"] = environment
        written = oci.encode(config)
        manifest["config"] = oci.described(manifest["config"]["mediaType"], written)
        blobs[oci.blob_name(written)] = written
    written = oci.encode(manifest)
    blobs[oci.blob_name(written)] = written
    return written


def _hides(files: dict[str, bytes], name: str) -> bool:
    """Forget what an upper layer replaces or takes away; whether it is there only for that."""
    folder, _, last = name.rpartition("/")
    gone = f"{folder}/{last.removeprefix(_WHITEOUT)}".lstrip("/")
    if not last.startswith(_WHITEOUT):
        files.pop(name, None)
        return False
    opaque = last == f"{_WHITEOUT}{_WHITEOUT}.opq"
    for each in [*files]:
        if each.startswith(f"{folder}/" if opaque else f"{gone}/") or each == gone:
            del files[each]
    return True


def _manifest(tar: tarfile.TarFile) -> Document:
    return _blob(tar, _entry(tar))


def _entry(tar: tarfile.TarFile) -> Document:
    with _read(tar, _INDEX) as index:
        entry: Document = msgspec.json.decode(index.read())["manifests"][0]
    return entry


def _blob(tar: tarfile.TarFile, descriptor: Mapping[str, Any]) -> Document:
    with _open(tar, descriptor) as blob:
        content: Document = msgspec.json.decode(blob.read())
    return content


def _open(tar: tarfile.TarFile, descriptor: Mapping[str, Any]) -> IO[bytes]:
    return _read(tar, f"blobs/{descriptor['digest'].replace(':', '/')}")


def _read(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    assert found is not None, "it is a regular file"
    return found
