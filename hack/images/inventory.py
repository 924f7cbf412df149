"""What is installed in an image: Debian's packages and Python's, with versions and licences.

Debian tells licences in a file for each package, most of them in a form that can be read by
programs. Where it is not in that form, the licences to whose texts it refers are taken; where it
refers to none, the licence is unknown and left out.
"""

import email
import re
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from hack.images import tree

STATUS: Final = "var/lib/dpkg/status"
_RELEASE: Final = "usr/lib/os-release"
_DOCUMENTS: Final = "usr/share/doc"
_COPYRIGHT: Final = re.compile(rf"{_DOCUMENTS}/[^/]+(/copyright)?")
_METADATA: Final = re.compile(r".*\.dist-info/METADATA")
_FORMATTED: Final = re.compile(r"\AFormat(-Specification)?:", re.IGNORECASE)
_LICENCE: Final = re.compile(r"^License:[ \t]*(\S[^\n]*)$", re.MULTILINE)
_REFERENCE: Final = re.compile(r"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])")
_PARTS: Final = re.compile(r"\s*,?\s+(?:and|or|and/or)\s+|\s*[,|]\s*")
_CLASSIFIER: Final = "License :: OSI Approved :: "


@attrs.frozen(order=True)
class Package:
    """One package. `source` is deb or pypi."""

    source: str
    name: str
    version: str
    licences: tuple[str, ...] = ()
    architecture: str = ""


def is_told(name: str) -> bool:
    """Whether a file of an image tells something of this."""
    return (
        name in {STATUS, _RELEASE}
        or _COPYRIGHT.fullmatch(name) is not None
        or _METADATA.fullmatch(name) is not None
    )


def packages(files: Mapping[str, bytes], links: Mapping[str, str]) -> tuple[Package, ...]:
    """Return what is installed, in order; links lead from one package's documents to another's."""
    texts = {name: content.decode(errors="replace") for name, content in files.items()}
    return tuple(sorted([*_of_debian(texts, links), *_of_python(texts)]))


def release(files: Mapping[str, bytes]) -> str:
    """Return Debian's release as package URLs name it, such as debian-12."""
    text = files.get(_RELEASE, b"").decode()
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return "-".join(fields.get(name, "").strip('"') for name in ("ID", "VERSION_ID"))


def _of_debian(texts: Mapping[str, str], links: Mapping[str, str]) -> Iterable[Package]:
    for record in tree.installed(texts.get(STATUS, "")):
        name = record["Package"]
        documents = links.get(f"{_DOCUMENTS}/{name}", name).rpartition("/")[2]
        yield Package(
            source="deb",
            name=name,
            version=record["Version"],
            licences=licences(texts.get(f"{_DOCUMENTS}/{documents}/copyright", "")),
            architecture=record["Architecture"],
        )


def licences(text: str) -> tuple[str, ...]:
    """Return the names of the licences that a copyright file of Debian's tells."""
    if _FORMATTED.search(text):
        found = {part for line in _LICENCE.findall(text) for part in _PARTS.split(line.strip())}
    else:
        found = set(_REFERENCE.findall(text))
    return tuple(sorted(filter(None, found)))


def _of_python(texts: Mapping[str, str]) -> Iterable[Package]:
    for path, text in texts.items():
        if _METADATA.fullmatch(path):
            told = email.message_from_string(text)
            yield Package(
                source="pypi",
                name=str(told["Name"]),
                version=str(told["Version"]),
                licences=_python_licences(
                    told["License-Expression"], told["License"], told.get_all("Classifier", [])
                ),
            )


def _python_licences(
    expression: str | None, text: str | None, classifiers: Iterable[str]
) -> tuple[str, ...]:
    """Return what a package says in the most exact of three places; a whole text is no name."""
    if expression:
        return (expression,)
    if text and "\n" not in text and text != "UNKNOWN":
        return (text,)
    return tuple(
        each.removeprefix(_CLASSIFIER) for each in classifiers if each.startswith(_CLASSIFIER)
    )
