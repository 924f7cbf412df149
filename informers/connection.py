"""Where the API server is, who we are, and keeping both true while files and tokens rotate.

`connect` finds the configuration (explicit kubeconfig, KUBECONFIG, the pod's service account,
~/.kube/config), refuses what is wrong with one line and its remedy, and returns a `Connection`.
Whoever sends requests reads `ssl_context` and `headers()`, which cost nothing and are safe from
any thread, and calls `refresh` once the clock reaches `due` and, forced, after a 401. A context
that is another object than before means that connections have to be made anew.

This is the one file that enters kubernetes_asyncio: it merges kubeconfig files and selects from
them, reads exec plugins' settings, talks to OIDC providers and knows where a pod finds its account.
Its packages load 859 modules on import; `_enter` gets the three or four that are needed. What the
library leaves open (expiry, rotation, hanging plugins, temporary files) is closed by the modules
beside this one: `kubeconfig`, `credentials`, `execplugin`, `oidc`, `tls`, `proxy`.

It sends no request to the API server and knows no HTTP client.
"""

import asyncio
import contextlib
import functools
import importlib
import importlib.util
import math
import os
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import attrs
from multidict import CIMultiDict, CIMultiDictProxy

from informers import credentials, tls
from informers.clock import Clock, LoopClock
from informers.credentials import CHECK_EVERY, RETRY_AFTER, Credential, Static, TokenFile
from informers.errors import ConfigError
from informers.kubeconfig import SECTIONS, Section, check, locate, read, server_url
from informers.proxy import proxy_for

if TYPE_CHECKING:
    from informers.login import PluginSettings

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@attrs.define(eq=False, kw_only=True)
class Connection:
    """One API server and one identity. `Connection(server=…)` alone is anonymous."""

    server: str
    server_hostname: str | None = None
    proxy: str | None = None
    namespace: str = "default"
    context: str = ""
    ssl_context: ssl.SSLContext | None = attrs.field(default=None, init=False, repr=False)
    due: float = attrs.field(default=math.inf, init=False)
    _title: str = "this client"
    _tls: tls.Tls | None = attrs.field(default=None, repr=False)
    _credential: Credential = attrs.field(factory=Static, repr=False)
    _impersonation: tuple[tuple[str, str], ...] = ()
    _clock: Clock = attrs.field(factory=LoopClock, repr=False)
    _headers: CIMultiDictProxy[str] = attrs.field(init=False, repr=False)
    _lock: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False, repr=False)
    _version: int = attrs.field(default=0, init=False)
    _forced: int = attrs.field(default=0, init=False)
    _tls_failure: ConfigError | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        """Headers exist from the start."""
        self._headers = self._make_headers()

    def headers(self) -> CIMultiDictProxy[str]:
        """Authorization and impersonation for a request; a name may repeat (Impersonate-Group)."""
        return self._headers

    @property
    def failure(self) -> ConfigError | None:
        """Why the last renewal failed while older credentials are still in use."""
        return self._credential.failure or self._tls_failure

    async def refresh(self, *, force: bool = False) -> bool:
        """Renew what is due, or all after a 401; True if headers or context changed meanwhile.

        One renewal at a time: whoever comes during one waits for it and shares its outcome. Belongs
        to one event loop. Raises only when nothing usable is left, and then again at once until the
        source is asked the next time: to the caller a passing failure like a lost connection.
        """
        before, forced = self._version, self._forced
        async with self._lock:
            if force and forced == self._forced:
                await self._renew(force=True)
            elif self._clock.monotonic() >= self.due:
                await self._renew(force=False)
        return self._version != before

    async def open(self) -> None:
        """Obtain the first credentials; any defect is an error here."""
        await self._credential.refresh(force=False)
        self._apply()
        if self._tls_failure is not None:
            raise self._tls_failure

    def explain_unauthorized(self) -> str:
        """Why the server said 401, as far as we can tell, with what to do about it."""
        certificate = self._tls.certificate if self._tls else None
        expiries = (
            ("token", credentials.jwt_expiry((self._headers.get("Authorization") or "")[7:])),
            ("client certificate", credentials.certificate_expiry(certificate or b"")),
        )
        for what, expires in expiries:
            if expires is not None and expires <= self._clock.wall():
                return (
                    f"the {what} of {self._title} expired on {expires:%Y-%m-%d %H:%M} UTC: renew it"
                )
        if self.failure is not None:
            return str(self.failure)
        if certificate is None and "Authorization" not in self._headers:
            return f"{self._title} has no credentials: add a token or a client certificate"
        return (
            f"the credentials of {self._title} are not accepted: log in again, or check the server"
        )

    def explain_tls(self, error: BaseException) -> str | None:
        """What a failed TLS handshake with the server means; None if that was not the failure."""
        reason = tls.explain(error)
        return f"{self.server}: {reason}" if reason else None

    async def _renew(self, *, force: bool) -> None:
        try:
            await self._credential.refresh(force=force)
        finally:
            self._forced += force
            self._apply()

    def _apply(self) -> None:
        """Put into force what the sources hold now."""
        now = self._clock.monotonic()
        rotates = self._tls is not None and self._tls.sources.can_rotate
        self.due = min(self._credential.due, now + CHECK_EVERY if rotates else math.inf)
        before = (self._headers, self.ssl_context)
        self._headers = self._make_headers()
        try:
            if self._tls is not None:
                self.ssl_context = self._tls.reload(self._credential.pair)
            self._tls_failure = None
        except ConfigError as error:  # written halfway, or gone for a moment: the old one goes on
            self._tls_failure = error
            self.due = min(self.due, now + RETRY_AFTER)
        self._version += (self._headers, self.ssl_context) != before

    def _make_headers(self) -> CIMultiDictProxy[str]:
        headers = CIMultiDict(self._impersonation)
        if self._credential.authorization:
            headers["Authorization"] = self._credential.authorization
        return CIMultiDictProxy(headers)


async def connect(
    *,
    kubeconfig: str | Path | None = None,
    context: str | None = None,
    in_cluster: bool | None = None,
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    service_account: Path = SERVICE_ACCOUNT,
) -> Connection:
    """Find the configuration and obtain the first credentials; `ConfigError` says what is wrong."""
    located = locate(
        kubeconfig=kubeconfig,
        context=context,
        in_cluster=in_cluster,
        environ=environ,
        service_account=service_account,
    )
    clock = clock or LoopClock()
    if located is None:
        raise ConfigError(
            "no kubeconfig was named, KUBECONFIG is not set, this is no pod with a service "
            "account, and there is no ~/.kube/config",
            remedy="pass --kubeconfig, or export the KUBECONFIG that 'make run' names once it has "
            "started a local control plane",
        )
    if located.in_cluster:
        connection = _of_pod(service_account, environ=environ, clock=clock)
    else:
        connection = _of_files(located.files, context=context, environ=environ, clock=clock)
    await connection.open()
    return connection


def _of_pod(account: Path, *, environ: Mapping[str, str], clock: Clock) -> Connection:
    library = _enter("incluster_config")
    token, authority = account / "token", account / "ca.crt"
    loader = library.InClusterConfigLoader(str(token), str(authority), environ=environ)
    try:
        loader._load_config()  # noqa: SLF001 - load_and_set wants the whole generated client
    except (library.ConfigException, OSError) as error:
        raise ConfigError(
            f"the pod's service account in {account} cannot be used ({str(error).rstrip('.')})",
            remedy="check automountServiceAccountToken, or outside a cluster name a kubeconfig",
        ) from error
    title = "the pod's service account"
    return Connection(
        server=loader.host,
        proxy=proxy_for(loader.host, configured="", environ=environ),
        namespace=environ.get("POD_NAMESPACE") or _line(account / "namespace") or "default",
        context="in-cluster",
        title=title,
        tls=tls.Tls(tls.TlsSources(authority=authority, title=title)),
        credential=TokenFile(token, title, clock),
        clock=clock,
    )


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""


def _of_files(
    files: tuple[Path, ...], *, context: str | None, environ: Mapping[str, str], clock: Clock
) -> Connection:
    from informers.login import Login  # noqa: PLC0415 - a pod never pays for plugins and logins

    library = _enter("kube_config")
    selected = _select(library, files, context=context)
    user, cluster = selected.user, selected.cluster
    sources = tls.checked_sources(
        tls.TlsSources(
            authority=cluster.blob("certificate-authority"),
            certificate=user.blob("client-certificate"),
            key=user.blob("client-key"),
            insecure=cluster.flag("insecure-skip-tls-verify"),
            title=f"context {selected.context!r} in {user.file}",
        )
    )
    server = server_url(cluster, is_tls=sources.is_used)
    login = Login(
        user=user,
        cluster=cluster,
        server=server,
        sources=sources,
        clock=clock,
        plugin_settings=functools.partial(_plugin_settings, library, selected),
        identity_provider=_identity_provider,
        library_error=library.ConfigException,
    )
    return Connection(
        server=server,
        server_hostname=cluster.text("tls-server-name") or None,
        proxy=proxy_for(server, configured=cluster.text("proxy-url"), environ=environ),
        namespace=selected.namespace,
        context=selected.context,
        title=user.title,
        tls=tls.Tls(sources) if server.startswith("https:") else None,
        credential=login.credential(),
        impersonation=credentials.impersonation(user.fields),
        clock=clock,
    )


# What follows is all that touches the library. It has no useful types: Any is its name here.


@attrs.frozen(kw_only=True)
class _Selected:
    """What a context points at."""

    context: str
    namespace: str
    cluster: Section
    user: Section
    node: Any


def _select(library: Any, files: tuple[Path, ...], *, context: str | None) -> _Selected:  # noqa: ANN401 - untyped library
    source = ", ".join(map(str, files))
    merged = _merge(library, files)
    name = check(merged.value, context=context, source=source)
    try:
        loader = library.KubeConfigLoader(merged, name, config_base_path=None)
    except (library.ConfigException, AttributeError, TypeError) as error:
        raise ConfigError(f"{source}: {error}", remedy="correct the kubeconfig") from error
    fields = loader.current_context["context"]
    cluster, user = loader._cluster, loader._user  # noqa: SLF001 - held by test_connection_library
    anonymous = Section(kind="context", name=name, fields={}, file=Path(cluster.path))
    return _Selected(
        context=name,
        namespace=str(fields.get("namespace") or "default"),
        cluster=_section("cluster", fields["cluster"], cluster),
        user=_section("user", fields["user"], user) if user is not None else anonymous,
        node=user,
    )


def _section(kind: str, name: str, node: Any) -> Section:  # noqa: ANN401 - untyped library
    return Section(kind=kind, name=name, fields=node.value, file=Path(node.path).absolute())


def _merge(library: Any, files: tuple[Path, ...]) -> Any:  # noqa: ANN401 - untyped library
    class Merger(library.KubeConfigMerger):  # type: ignore[misc]  # an untyped base
        """The library's merging, fed with checked files; the first current-context wins."""

        config_merged: Any

        def load_config(self, path: str) -> None:
            document = read(Path(path))
            if self.config_merged is None:
                empty: dict[str, list[Any]] = {section: [] for section in SECTIONS}
                self.config_merged = library.ConfigNode(path, {**document, **empty}, path)
            for section in SECTIONS:
                self._merge(section, document[section], path)
            current, offered = self.config_merged.value, document.get("current-context")
            current["current-context"] = current.get("current-context") or offered
            self.config_files[path] = document

    if not any(os.access(file, os.R_OK) for file in files):
        read(files[0])  # tells why
    return Merger(os.pathsep.join(map(str, files))).config


def _identity_provider(*arguments: Any) -> Any:  # noqa: ANN401 - untyped library
    return _enter("openid").OpenIDRequestor(*arguments)


def _plugin_settings(library: Any, selected: _Selected) -> "PluginSettings":  # noqa: ANN401 - untyped library
    from informers.login import PluginSettings  # noqa: PLC0415 - see _of_files

    try:
        provider = library.ExecProvider(selected.node["exec"])
    except (library.ConfigException, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"exec of {selected.user.title} is malformed ({error})",
            remedy="give it command, apiVersion, and args and env as lists",
        ) from error
    return PluginSettings(provider.args, provider.env, provider.api_version)


_PACKAGES: Final = ("", ".client", ".config")
_entering: Final = threading.Lock()
_entered: Final[dict[str, ModuleType]] = {}
"""Modules that were loaded before: who enters twice meets the same exceptions."""


@functools.cache
def _enter(name: str) -> Any:  # noqa: ANN401 - untyped library
    """`kubernetes_asyncio.config.NAME` without the hundreds of modules that its packages load.

    Empty packages stand in while it is imported and leave no trace, so that an ordinary import
    elsewhere gets the whole library; one that already happened is used as it is.
    """
    root = "kubernetes_asyncio"
    target = f"{root}.config.{name}"
    with _entering:
        if root in sys.modules:
            return importlib.import_module(target)
        with _stand_ins(root, instead_of_openid=name != "openid"):
            return importlib.import_module(target)


@contextlib.contextmanager
def _stand_ins(root: str, *, instead_of_openid: bool) -> Iterator[None]:
    found = importlib.util.find_spec(root)
    folders = list((found and found.submodule_search_locations) or ())
    modules: dict[str, Any] = {root + package: ModuleType(root + package) for package in _PACKAGES}
    for package in _PACKAGES:
        below = package.split(".")
        modules[root + package].__path__ = [str(Path(folder, *below)) for folder in folders]
    client = modules[f"{root}.client"]
    client.ApiClient = client.Configuration = object
    if instead_of_openid:  # it loads an HTTP client, which few kubeconfigs need
        openid = modules[f"{root}.config.openid"] = ModuleType(f"{root}.config.openid")
        openid.OpenIDRequestor = object  # type: ignore[attr-defined]  # a module made here
    if "yaml" not in sys.modules:
        modules["yaml"] = _on_demand("yaml")
    modules |= {key: module for key, module in _entered.items() if key not in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        _entered.update(
            (key, module)
            for key, module in sys.modules.items()
            if key.startswith(f"{root}.") and key not in modules
        )
        for key in [key for key in sys.modules if key in modules or key.startswith(f"{root}.")]:
            del sys.modules[key]


def _on_demand(name: str) -> Any:  # noqa: ANN401 - untyped library
    """Stands for a module that the library imports at once and that we may never need."""
    stand_in: Any = ModuleType(name)
    stand_in.__getattr__ = lambda attribute: getattr(importlib.import_module(name), attribute)
    return stand_in
