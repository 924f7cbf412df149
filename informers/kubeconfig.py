"""Kubeconfig files: where they are, and what is wrong with them.

`locate` decides which files count, in the order every Kubernetes tool follows. `read` parses one
and checks its shape, so that whoever merges and selects later never meets a surprise; `check` does
the same for the merged result. Each defect is one line that names the file and the way out: a
kubeconfig is the first thing a new user gets wrong.

`try_rewrite` is the one place that changes such a file (an OIDC provider hands out a new refresh
token and forgets the old one): whole or not at all, with the owner's permissions.

Merging and selecting belong to the library behind `connection`.
"""

import base64
import binascii
import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from informers.errors import ConfigError

_NO_ADDRESS: Final = re.compile(r"[\x00-\x20\x7f]")
SECTIONS: Final = {"clusters": "cluster", "contexts": "context", "users": "user"}


@attrs.frozen
class Located:
    """The files to read; none means that this process runs in a pod and uses its own account."""

    files: tuple[Path, ...] = ()

    @property
    def in_cluster(self) -> bool:
        """Whether the pod's service account is used."""
        return not self.files


def locate(
    *,
    kubeconfig: str | Path | None,
    context: str | None,
    in_cluster: bool | None,
    environ: Mapping[str, str],
    service_account: Path,
) -> Located | None:
    """Which configuration applies: explicit, KUBECONFIG, the pod's own, the home directory's.

    None when there is none at all. A context that is asked for by name can only come from a file.
    """
    if kubeconfig is not None:
        return Located((Path(kubeconfig).expanduser(),))
    if in_cluster:
        return Located()
    if environ.get("KUBECONFIG"):
        return Located(_listed(environ["KUBECONFIG"]))
    in_pod = environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT")
    if in_cluster is None and context is None and in_pod and _is_there(service_account / "token"):
        return Located()
    default = Path(environ.get("HOME") or Path.home()) / ".kube" / "config"
    return Located((default,)) if _is_there(default) else None


def _listed(value: str) -> tuple[Path, ...]:
    """The files of a KUBECONFIG list; missing ones are skipped unless all are missing."""
    paths = tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)
    return tuple(path for path in paths if _is_there(path)) or paths[:1]


def _is_there(path: Path) -> bool:
    """Whether the path exists; one behind a closed door does, so that reading it tells why."""
    try:
        return path.exists()
    except OSError:
        return True


def read(path: Path) -> dict[str, Any]:
    """One file, parsed, with every section a list of well-formed named entries."""
    document = _parse(path, _text(path))
    if document is None:
        raise ConfigError(f"kubeconfig {path} is empty", remedy=_ELSEWHERE)
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise ConfigError(f"{path} is not a kubeconfig (kind: Config)", remedy=_ELSEWHERE)
    for section, field in SECTIONS.items():
        document[section] = _entries(path, document.get(section), section=section, field=field)
    return document


_ELSEWHERE: Final = "name another file with --kubeconfig or KUBECONFIG"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"kubeconfig {path} does not exist", remedy=_ELSEWHERE) from error
    except OSError as error:
        raise ConfigError(
            f"kubeconfig {path} cannot be read ({error.strerror})",
            remedy="give this user read permission or " + _ELSEWHERE,
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"kubeconfig {path} is not text", remedy=_ELSEWHERE) from error


def _parse(path: Path, text: str) -> object:
    """JSON, which some tools write, at a thirtieth of the cost, and otherwise YAML."""
    if text.startswith("{"):
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ConfigError(
                f"kubeconfig {path} is nested too deeply", remedy=_ELSEWHERE
            ) from error
        except ValueError:
            pass  # YAML may start so, too
    import yaml  # noqa: PLC0415 - 13 ms that neither a pod nor a JSON kubeconfig pays

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, ten times faster
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise ConfigError(
            f"kubeconfig {path} is not valid YAML{where} ({problem})",
            remedy="correct it there or " + _ELSEWHERE,
        ) from error
    except ValueError as error:  # such as a day that no month has
        raise ConfigError(
            f"kubeconfig {path} is not valid YAML ({error})",
            remedy="correct it there or " + _ELSEWHERE,
        ) from error


def _entries(path: Path, value: object, *, section: str, field: str) -> list[dict[str, Any]]:
    entries = value or []
    if not isinstance(entries, list):
        raise ConfigError(f"kubeconfig {path}: {section} is not a list", remedy=_SHAPE[section])
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise ConfigError(
                f"kubeconfig {path}: an entry of {section} has no name", remedy=_SHAPE[section]
            )
        fields = entry.get(field) or {}
        if not isinstance(fields, dict):
            raise ConfigError(
                f"kubeconfig {path}: {field} of {entry['name']!r} in {section} is not a mapping",
                remedy=_SHAPE[section],
            )
        # A key without a value is a key that is not there, as for kubectl.
        entry[field] = {key: value for key, value in fields.items() if value is not None}
    return entries


_SHAPE: Final = {
    section: f"write each entry of {section} as '- name: NAME' with '{field}: {{…}}' below it"
    for section, field in SECTIONS.items()
}


def check(merged: Mapping[str, Any], *, context: str | None, source: str) -> str:
    """The name of the context to use, once it and all it points at are known to exist."""
    contexts = _by_name(merged["contexts"], "context")
    name = context or merged.get("current-context") or ""
    if not name:
        raise ConfigError(
            f"kubeconfig {source} has no current-context",
            remedy=f"pass --context or run 'kubectl config use-context' ({_known(contexts)})",
        )
    if name not in contexts:
        raise ConfigError(
            f"context {name!r} does not exist in kubeconfig {source}",
            remedy=f"pass --context with one that does ({_known(contexts)})",
        )
    for kind, required in (("cluster", True), ("user", False)):
        target = contexts[name].get(kind)
        known = _by_name(merged[f"{kind}s"], kind)
        if (target or required) and target not in known:
            raise ConfigError(
                f"context {name!r} names the {kind} {target!r}, which is not in {source}",
                remedy=f"correct it with 'kubectl config set-context {name} --{kind}=…' "
                f"({_known(known)})",
            )
    return str(name)


def _by_name(entries: list[Any], field: str) -> dict[str, Mapping[str, Any]]:
    plain = [getattr(entry, "value", entry) for entry in entries]
    return {entry["name"]: entry[field] for entry in plain}


def _known(names: Mapping[str, object]) -> str:
    return "there: " + (", ".join(sorted(names)) or "none")


@attrs.frozen(kw_only=True)
class Section:
    """One cluster or user entry, the file that it came from, and how to call it in an error."""

    kind: str
    name: str
    fields: Mapping[str, Any]
    file: Path

    @property
    def title(self) -> str:
        """How an error calls it."""
        return f"{self.kind} {self.name!r} in {self.file}"

    @property
    def directory(self) -> Path:
        """Where its relative paths start."""
        return self.file.parent

    def text(self, key: str) -> str:
        """A field as text; YAML reads an unquoted number as a number."""
        value = self.fields.get(key)
        return "" if value is None else str(value)

    def flag(self, key: str) -> bool:
        """A field as truth."""
        return self.fields.get(key) is True

    def path(self, key: str) -> Path | None:
        """A file that the entry names, relative to the file that holds the entry."""
        value = self.text(key)
        return self.directory / Path(value).expanduser() if value else None

    def blob(self, key: str) -> "bytes | Path | None":
        """`KEY-data` decoded, which wins as in kubectl, or else the file that `KEY` names."""
        data = self.text(f"{key}-data")
        return decode(data, what=f"{key}-data of {self.title}") if data else self.path(key)


def server_url(cluster: Section, *, is_tls: bool) -> str:
    """The API server's address; one without a scheme gets the one that the rest asks for."""
    server = cluster.text("server").rstrip("/")
    if server and "://" not in server:
        server = f"{'https' if is_tls else 'http'}://{server}"
    try:
        parts = urlsplit(server)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_valid = is_valid and not _NO_ADDRESS.search(server)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ConfigError(
            f"{cluster.title} has {f'the server {server!r}' if server else 'no server'}",
            remedy="set it to https://HOST:PORT",
        )
    return server


def decode(data: str, *, what: str) -> bytes:
    """Base64 as kubeconfigs hold it, told apart from anything else."""
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError(
            f"{what} is not valid base64 ({error})",
            remedy="copy it again, whole and on one line, or name a file instead",
        ) from error


def encode(data: bytes) -> str:
    """Base64 as kubeconfigs hold it."""
    return base64.b64encode(data).decode()


def try_rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Apply a change to a kubeconfig on disk: atomic, same permissions, links followed.

    Where that cannot be done (a read-only mount, most likely) nothing happens.
    """
    with contextlib.suppress(OSError, ConfigError):
        _rewrite(path, change)


def _rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    import yaml  # noqa: PLC0415 - see _parse

    target = path.resolve()
    document = read(target)
    change(document)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yaml.safe_dump(document, file, sort_keys=False)
        Path(name).chmod(target.stat().st_mode & 0o777)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
