"""What the manager program can be told, from which places, and what of it makes no sense.

A setting is one field of `Config`. It can be said as a flag, as an environment variable and in a
YAML file, in that order of precedence: `--lease-seconds`, `PENTAD_LEASE_SECONDS`, `leaseSeconds`.
All of it is checked once, before anything starts, and everything that is wrong is told at once,
each with where it was said and what would be right.
"""

import argparse
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from controller.families import FAMILIES
from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.fence import ElectionError
from controller.runtime.registration import Family
from informers.errors import ConfigError
from informers.meta.names import dns1123_label, dns1123_subdomain

PREFIX: Final = "PENTAD_"
LEVELS: Final = ("debug", "info", "warning", "error")
_ADDRESS: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:\s]*):(?P<port>\d{1,5})")
_PORTS: Final = 65536
_YEAR: Final = 365 * 86_400
"""The longest time there is: no clock's range ends before it, nor the 32 bits of a Lease's."""
_NOTHING: Final = "tag:yaml.org,2002:null"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("say true or false")
    return text.lower() == "true"


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= _YEAR:
        raise ValueError(f"say a positive number of seconds, at most {_YEAR}, which is a year")
    return value


def _whole_seconds(text: str) -> int:
    value = int(text)
    if not 1 <= value <= _YEAR:
        raise ValueError(f"say a whole number, at least 1 and at most {_YEAR}, which is a year")
    return value


def _address(text: str) -> str:
    if not text or text == "off":
        return ""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) >= _PORTS:
        raise ValueError("say HOST:PORT, such as 0.0.0.0:8080 or :8080, or off")
    return text


def _listening(text: str) -> str:
    if not _address(text):
        raise ValueError("say HOST:PORT, such as :9443; --webhooks=off turns them off")
    return text


def _endpoint(text: str) -> str:
    if text in ("", "off") or text.startswith(("http://", "https://")):
        return text
    raise ValueError("say http://HOST:4318, https://HOST, or off")


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"say one of {', '.join(choices)}")
        return text

    return parse


def _namespaces(text: str) -> tuple[str, ...]:
    words = _words(text)
    for word in words:
        if problems := dns1123_label(word):
            raise ValueError(f"{word!r} cannot be a namespace's name: it {_and(problems)}")
    return words


def _name(text: str) -> str:
    return _checked(text, dns1123_subdomain)


def _label(text: str) -> str:
    return _checked(text, dns1123_label)


def _label_if_any(text: str) -> str:
    return text and _label(text)


def _checked(text: str, problems_of: Callable[[str], Sequence[str]]) -> str:
    """The name, unless the API server would refuse it whenever it is asked."""
    if problems := problems_of(text):
        raise ValueError(f"a name {_and(problems)}")
    return text


def _and(problems: Sequence[str]) -> str:
    return " and ".join(problems)


_FORMS: Final[Mapping[Callable[[str], Any], str]] = {
    _words: "NAME,NAME",
    _namespaces: "NAME,NAME",
    _switch: "true|false",
    _seconds: "SECONDS",
    _whole_seconds: "SECONDS",
    _name: "NAME",
    _label: "NAME",
    _label_if_any: "NAME",
    _address: "HOST:PORT|off",
    _listening: "HOST:PORT",
    _endpoint: "URL|off",
}
"""How `--help` shows what a setting takes."""


def _setting(said: str, parse: Callable[[str], Any], help_: str) -> Any:  # noqa: ANN401 - per field
    """A field whose default is written as a user would say it."""
    return attrs.field(default=parse(said), metadata={"parse": parse, "help": help_, "said": said})


@attrs.frozen(kw_only=True)
class Config:
    """All settings of the manager program."""

    kubeconfig: str = _setting("", str, "kubeconfig file; default: $KUBECONFIG, the pod, ~/.kube")
    context: str = _setting("", str, "context of the kubeconfig; default: its current one")
    families: tuple[str, ...] = _setting("", _words, "families to host; default: all")
    namespaces: tuple[str, ...] = _setting(
        "", _namespaces, "work in these namespaces only, with Roles instead of ClusterRoles"
    )
    leader_elect: bool = _setting("true", _switch, "run only while holding the Lease")
    lease_name: str = _setting("pentad", _name, "name of the Lease")
    lease_namespace: str = _setting(
        "", _label_if_any, "its namespace; default: that of the pod or context"
    )
    lease_seconds: int = _setting("15", _whole_seconds, "how long a lease lasts")
    renew_deadline_seconds: float = _setting("10", _seconds, "how long renewing may fail")
    retry_seconds: float = _setting("2", _seconds, "how often to try to acquire or renew")
    probe_address: str = _setting(":8081", _address, "where /livez and /readyz answer")
    metrics_address: str = _setting(":8080", _address, "where /metrics answers")
    metrics_auth: bool = _setting(
        "false", _switch, "ask the API server who scrapes and whether they may"
    )
    metrics_cert: str = _setting("", str, "TLS certificate file of the metrics server")
    metrics_key: str = _setting("", str, "its key file")
    debug_address: str = _setting(
        "", _address, "where /debug answers (default: off); loopback is wise"
    )
    webhooks: str = _setting(
        "auto",
        _one_of("auto", "service", "url", "off"),
        "how the API server reaches the webhooks: service, url (this machine's loopback) or off; "
        "auto is service in a pod, else off",
    )
    webhook_address: str = _setting(":9443", _listening, "where webhooks answer")
    webhook_service: str = _setting(
        "pentad-webhook",
        _label,
        "Service in front of the webhooks; their certificates are in NAME-certificates",
    )
    webhook_configurations: str = _setting(
        "pentad", _name, "name of the configurations that lead to the webhooks"
    )
    webhook_cert_dir: str = _setting(
        "", str, "directory with tls.crt and tls.key; default: certificates are made and rotated"
    )
    reach_pods: str = _setting(
        "auto",
        _one_of("auto", "always", "never"),
        "whether pods are asked for their metrics: always, never, or auto, which is always in a "
        "pod and never elsewhere, where their addresses lead nowhere",
    )
    tracing_endpoint: str = _setting(
        "",
        _endpoint,
        "where traces go by OTLP/HTTP, or off; default: $OTEL_EXPORTER_OTLP_ENDPOINT, else off",
    )
    image: str = _setting(
        "", str, "image of this program, for pods that run it, such as ledger-writers"
    )
    log_format: str = _setting("json", _one_of("json", "console"), "how logs look: json or console")
    log_level: str = _setting(
        "info", _one_of(*LEVELS), f"the least that is logged: {', '.join(LEVELS)}"
    )
    stop_seconds: float = _setting("30", _seconds, "how long a graceful end may take")
    sync_seconds: float = _setting("120", _seconds, "how long the first caches may take")

    def election(self, namespace: str) -> ElectionConfig:
        """The election these settings ask for."""
        return ElectionConfig(
            name=self.lease_name,
            namespace=self.lease_namespace or namespace,
            lease=self.lease_seconds,
            renew_deadline=self.renew_deadline_seconds,
            retry=self.retry_seconds,
        )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _key(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def parser() -> argparse.ArgumentParser:
    """The command line; values stay text until all places were read."""
    found = argparse.ArgumentParser(
        prog="python -m controller manager",
        allow_abbrev=False,
        exit_on_error=False,
        description="Run the controllers until told to stop.",
        epilog="Each flag can also be set in the environment (PENTAD_LOG_LEVEL) or in the file "
        "named by --config (logLevel). Exit codes: 0 stopped, 1 failed, 2 wrong configuration, "
        "3 lost the lease.",
    )
    found.add_argument("--config", metavar="FILE", help="YAML file with settings")
    for field in attrs.fields(Config):
        said = field.metadata["said"]
        suffix = f" (default: {said})" if said else ""
        found.add_argument(
            _flag(field.name),
            metavar=_FORMS.get(field.metadata["parse"], "VALUE"),
            help=field.metadata["help"] + suffix,
        )
    return found


def load(
    arguments: Sequence[str], environ: Mapping[str, str], *, families: Sequence[Family] = FAMILIES
) -> Config:
    """Read and check all settings.

    Raises:
        ConfigError: With everything that is wrong, one line each.
    """
    problems: list[str] = []
    flags = _flags(arguments, problems)
    in_file = _read_file(flags.pop("config", None) or environ.get(f"{PREFIX}CONFIG"), problems)
    values: dict[str, Any] = {}
    for field in attrs.fields(Config):
        where, said = _said(field.name, flags, environ, in_file)
        if said is None:
            continue
        try:
            values[field.name] = field.metadata["parse"](said)
        except ValueError as error:
            problems.append(f"{where}: {said!r}: {error}")
    config = Config(**values)
    problems += _contradictions(config)
    problems += _unknown(config.families, [family.name for family in families])
    if problems:
        raise ConfigError("the configuration is wrong:\n  " + "\n  ".join(problems))
    return config


def _flags(arguments: Sequence[str], problems: list[str]) -> dict[str, Any]:
    """The flags as text; what is none of them is a problem, since it is a typing error."""
    try:
        found, unknown = parser().parse_known_args(list(arguments))
    except argparse.ArgumentError as error:
        problems.append(f"{error.argument_name}: {error.message}; see --help")
        return {}
    known = [_flag(field.name) for field in attrs.fields(Config)]
    for word in unknown:
        flag = word.partition("=")[0]
        close = difflib.get_close_matches(flag, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "see --help"
        problems.append(f"{flag}: there is no such flag; {hint}")
    return vars(found)


def _said(
    name: str, flags: Mapping[str, Any], environ: Mapping[str, str], in_file: Mapping[str, str]
) -> tuple[str, str | None]:
    """Where a setting was said, the nearest place first, and what."""
    places = (
        (_flag(name), flags.get(name)),
        (_variable(name), environ.get(_variable(name))),
        (f"{_key(name)} in the file", in_file.get(_key(name))),
    )
    return next(((where, said) for where, said in places if said is not None), ("", None))


def _read_file(path: str | None, problems: list[str]) -> dict[str, str]:
    """The file's settings as written; unknown ones are problems, since they are typing errors.

    Nothing is made of the words here: `off` is what the address of a server can be, and no boolean.
    """
    if not path:
        return {}
    import yaml  # noqa: PLC0415 - most starts have no file and should not pay for it

    try:
        tree = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        problems.append(f"--config {path}: {' '.join(str(error).split())}")
        return {}
    if tree is None or tree.tag == _NOTHING:
        return {}
    if not isinstance(tree, yaml.MappingNode):
        problems.append(f"--config {path}: a mapping of settings is needed")
        return {}
    known = {_key(field.name) for field in attrs.fields(Config)}
    found: dict[str, str] = {}
    for key, value in tree.value:
        if not isinstance(key.value, str) or key.value not in known:
            problems.append(f"--config {path}: unknown setting {_text(key.value)!r}")
        elif key.value in found:
            problems.append(f"--config {path}: {key.value} is said twice: take one away")
        elif (text := _text(value.value)) is None:
            problems.append(f"--config {path}: {key.value} is one word, or a list of words")
        elif value.tag != _NOTHING:
            found[key.value] = text
    return found


def _text(value: Any) -> str | None:  # noqa: ANN401 - a node's, which has no type
    """What a node says: one word, or a list of them; None where it is more than that."""
    if isinstance(value, str):
        return value
    words: list[Any] = [getattr(item, "value", None) for item in value]
    return ",".join(words) if all(isinstance(word, str) for word in words) else None


def _unknown(wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    listed = ", ".join(sorted(known)) or "none in this build"
    return [
        f"--families: there is no {name!r}; known: {listed}" for name in wanted if name not in known
    ]


def _contradictions(config: Config) -> list[str]:
    """What is wrong between settings that are right one by one."""
    found: list[str] = []
    try:
        config.election("default")
    except ElectionError as error:
        found += str(error).removeprefix("leader election: ").split("; ")
    if bool(config.metrics_cert) != bool(config.metrics_key):
        found.append("--metrics-cert and --metrics-key belong together: give both or neither")
    if config.webhooks == "url" and config.webhook_cert_dir:
        found.append("--webhooks=url makes its own certificates: leave --webhook-cert-dir away")
    addresses = [config.probe_address, config.metrics_address, config.debug_address]
    addresses += [config.webhook_address] if config.webhooks != "off" else []
    ports = [address.rpartition(":")[2] for address in addresses if address]
    twice = sorted({port for port in ports if port != "0" and ports.count(port) > 1})
    found += [f"port {port} is wanted by two servers: choose another" for port in twice]
    return found
