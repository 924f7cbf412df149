"""The module graph a bundle is built from.

Committed for the default versions, with checksums. For another Kubernetes version it is derived:
k8s.io/kubernetes names its staging modules by relative paths, and each has to be replaced by the
published module of the same release, 1.36.3 being 0.36.3 there.
"""

import json
import re
from pathlib import Path
from typing import Final, Literal

from hack.cluster.bundles import KUBERNETES, MODULES, Bundle
from hack.cluster.errors import BuildError
from hack.cluster.go import Go
from hack.cluster.releases import Version

_LOOK: Final = 30.0
_DOWNLOAD: Final = 300.0
_STAGING: Final = re.compile(
    r"^\s*(?:replace\s+)?(k8s\.io/\S+)(?:\s+v\S+)?\s+=>\s+\./staging/", re.MULTILINE
)
_LANGUAGE: Final = re.compile(r"^go (\S+)$", re.MULTILINE)


async def prepare(bundle: Bundle, *, go: Go, work: Path) -> Path:
    """Return a folder with the bundle's go.mod; a derived one lies in the work folder."""
    if bundle.is_committed:
        return MODULES / bundle.name
    if bundle.name != KUBERNETES:
        raise BuildError(f"{bundle.title} has no module graph")
    module = f"k8s.io/kubernetes@v{bundle.version}"
    original = await fetched(module, "GoMod", go=go, folder=work)
    folder = work / "module"
    folder.mkdir()
    (folder / "go.mod").write_text(derive(original.read_text(), bundle.version))
    return folder


async def fetched(module: str, what: Literal["Dir", "GoMod"], *, go: Go, folder: Path) -> Path:
    """Find a module fetched, or fetch it; return where its files are, or its own go.mod."""
    arguments = ("mod", "download", "-json", module)
    try:
        offline = {"GOPROXY": "off"}
        answer = await go.run(*arguments, folder=folder, seconds=_LOOK, environment=offline)
    except BuildError:
        await go.check_source(folder=folder)
        answer = await go.run(*arguments, folder=folder, seconds=_DOWNLOAD)
    return Path(json.loads(answer)[what])


def derive(original: str, version: Version) -> str:
    """Return a go.mod that builds that release from published modules."""
    language = _LANGUAGE.search(original)
    staged = sorted(set(_STAGING.findall(original)))
    if language is None or not staged:
        raise BuildError(f"the go.mod of Kubernetes {version} is of an unknown form")
    published = f"v0.{version.minor}.{version.patch}"
    replacements = "\n".join(f"\t{module} => {module} {published}" for module in staged)
    return (
        "module pentad.test/hack/cluster/kubernetes\n\n"
        f"go {language[1]}\n\n"
        f"require k8s.io/kubernetes v{version}\n\n"
        f"replace (\n{replacements}\n)\n"
    )
