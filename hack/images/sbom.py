"""The list of what an image is made of, as CycloneDX JSON, which scanners of weaknesses read.

It follows from the image alone: the same image has the same list, so no time and no random number
are in it.
"""

import uuid
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from hack.images.inventory import Package

_SPDX: Final = {
    "Apache-2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD": "",
    "BSD-2-Clause": "BSD-2-Clause",
    "BSD-2-clause": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "BSD-3-clause": "BSD-3-Clause",
    "Expat": "MIT",
    "GPL-1+": "GPL-1.0-or-later",
    "GPL-2": "GPL-2.0-only",
    "GPL-2+": "GPL-2.0-or-later",
    "GPL-3": "GPL-3.0-only",
    "GPL-3+": "GPL-3.0-or-later",
    "ISC": "ISC",
    "LGPL-2+": "LGPL-2.0-or-later",
    "LGPL-2.1": "LGPL-2.1-only",
    "LGPL-2.1+": "LGPL-2.1-or-later",
    "LGPL-3": "LGPL-3.0-only",
    "LGPL-3+": "LGPL-3.0-or-later",
    "MIT": "MIT",
    "MIT License": "MIT",
    "MPL-2.0": "MPL-2.0",
    "PSF-2.0": "PSF-2.0",
    "Zlib": "Zlib",
    "zlib": "Zlib",
}
"""What Debian and older Python packages call the licences of the SPDX list."""


def document(
    name: str, *, version: str, digest: str, release: str, packages: Iterable[Package]
) -> dict[str, Any]:
    """Return the list of an image that is known by this digest."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": name,
                "name": name,
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}],
            }
        },
        "components": [_component(each, release) for each in packages],
    }


def _component(package: Package, release: str) -> dict[str, Any]:
    url = _url(package, release)
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": url,
        "name": package.name,
        "version": package.version,
        "purl": url,
    }
    if package.licences:
        found["licenses"] = [_licence(each) for each in package.licences]
    if len(package.licences) == 1 and _is_expression(package.licences[0]):
        found["licenses"] = [{"expression": package.licences[0]}]
    return found


def _licence(name: str) -> dict[str, Any]:
    known = _SPDX.get(name)
    return {"license": {"id": known} if known else {"name": name}}


def _is_expression(name: str) -> bool:
    return any(f" {word} " in name for word in ("AND", "OR", "WITH"))


def _url(package: Package, release: str) -> str:
    """Return the package URL."""
    version = quote(package.version, safe="")
    if package.source == "pypi":
        return f"pkg:pypi/{package.name.lower().replace('_', '-')}@{version}"
    where = f"arch={package.architecture}&distro={release}"
    return f"pkg:deb/debian/{quote(package.name, safe='')}@{version}?{where}"
