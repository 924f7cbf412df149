"""How a kubeconfig's user entry becomes a credential.

The order and the contradictions are kubectl's: a token file before a token, either before a
plugin, and no two of token, password, plugin and auth-provider otherwise. Removed auth-providers
(gcp, azure) are named with their successors.

What only the library can do comes in as parameters, so that it is entered in one file.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from informers import kubeconfig
from informers.clock import Clock
from informers.credentials import Credential, Expiring, Static, TokenFile, basic, bearer
from informers.errors import ConfigError
from informers.execplugin import EXTENSION, ExecPlugin
from informers.kubeconfig import Section
from informers.oidc import IdentityProvider, OidcLogin, Requestor
from informers.tls import TlsSources

SUCCESSORS: Final = {
    "gcp": "use the credential plugin gke-gcloud-auth-plugin",
    "azure": "use the credential plugin kubelogin",
}


@attrs.frozen
class PluginSettings:
    """A plugin as the kubeconfig declares it: program and arguments, environment, contract."""

    command: Sequence[str]
    environment: Mapping[str, str]
    api_version: str


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Login:
    """Everything that can decide who we are."""

    user: Section
    cluster: Section
    server: str
    sources: TlsSources
    clock: Clock
    plugin_settings: Callable[[], PluginSettings]
    identity_provider: Requestor
    library_error: type[Exception]

    def credential(self) -> Credential:
        """The one way in that the entry describes."""
        user = self.user
        token = bearer(user.text("token"), title=user.title) if user.text("token") else None
        token_file = user.path("tokenFile")
        self._check_single(has_token=bool(token or token_file))
        if token_file is not None:
            return TokenFile(token_file, user.title, self.clock, token)
        if token is not None:
            return Static(token)
        if user.text("username"):
            return Static(basic(user.text("username"), user.text("password")))
        if "auth-provider" in user.fields:
            return Expiring(self._oidc().obtain, self.clock)
        if "exec" in user.fields:
            return Expiring(self._plugin().obtain, self.clock)
        return Static()

    def _check_single(self, *, has_token: bool) -> None:
        ways = {
            "token": has_token,
            "username": bool(self.user.text("username")),
            "auth-provider": "auth-provider" in self.user.fields,
            "exec": "exec" in self.user.fields,
        }
        found = [name for name, is_there in ways.items() if is_there]
        if len(found) > 1 and found != ["token", "exec"]:
            raise ConfigError(
                f"{self.user.title} has several ways to log in ({', '.join(found)})",
                remedy="keep one of them",
            )

    def _plugin(self) -> ExecPlugin:
        declared = _mapping(self.user, "exec")
        settings = self.plugin_settings()
        program = settings.command[0]
        if not program:
            raise ConfigError(
                f"exec of {self.user.title} names no command",
                remedy="name the credential plugin's program there",
            )
        if declared.get("interactiveMode") == "Always":
            raise ConfigError(
                f"the credential plugin of {self.user.title} insists on a terminal",
                remedy="set interactiveMode: IfAvailable and log in beforehand, "
                "or use a service account's token",
            )
        if "/" in program:
            program = str(self.user.directory / program)
        return ExecPlugin(
            command=(program, *map(str, settings.command[1:])),
            environment={name: str(value) for name, value in settings.environment.items()},
            api_version=settings.api_version,
            title=self.user.title,
            install_hint=str(declared.get("installHint") or ""),
            cluster=self._cluster_info if declared.get("provideClusterInfo") is True else None,
        )

    def _cluster_info(self) -> dict[str, Any]:
        """The cluster as a plugin sees it: the authority as data, and its own extension."""
        authority, _ = self.sources.read()
        info: dict[str, Any] = {
            "server": self.server,
            "tls-server-name": self.cluster.text("tls-server-name"),
            "insecure-skip-tls-verify": self.sources.insecure,
            "certificate-authority-data": kubeconfig.encode(authority or b""),
            "proxy-url": self.cluster.text("proxy-url"),
            "disable-compression": self.cluster.flag("disable-compression"),
            "config": self._extension(),
        }
        return {key: value for key, value in info.items() if value or key == "server"}

    def _extension(self) -> object:
        """What the kubeconfig's author put down for the plugin."""
        declared = self.cluster.fields.get("extensions")
        entries = [entry for entry in declared or () if isinstance(entry, dict)]
        return next((e.get("extension") for e in entries if e.get("name") == EXTENSION), None)

    def _oidc(self) -> OidcLogin:
        provider = _mapping(self.user, "auth-provider")
        name = str(provider.get("name"))
        config = provider.get("config")
        if name != "oidc":
            raise ConfigError(
                f"the auth-provider {name!r} of {self.user.title} does not exist any more",
                remedy=SUCCESSORS.get(name, "use a credential plugin (exec) instead"),
            )
        config = config if isinstance(config, dict) else {}
        missing = [key for key in ("idp-issuer-url", "client-id") if not config.get(key)]
        if missing:
            raise ConfigError(
                f"the oidc auth-provider of {self.user.title} has no {' and no '.join(missing)}",
                remedy="write its configuration again with 'kubectl config set-credentials'",
            )
        section = attrs.evolve(self.user, fields=config)
        asked = IdentityProvider(
            requestor=self.identity_provider,
            library_error=self.library_error,
            issuer=section.text("idp-issuer-url"),
            client_id=section.text("client-id"),
            client_secret=section.text("client-secret"),
            authority=section.blob("idp-certificate-authority"),
            title=self.user.title,
        )
        return OidcLogin(
            title=self.user.title,
            clock=self.clock,
            ask=asked.ask,
            keep=self._keep,
            id_token=section.text("id-token"),
            refresh_token=section.text("refresh-token"),
        )

    def _keep(self, tokens: Mapping[str, str]) -> None:
        """Write new tokens back; a read-only kubeconfig keeps working until the process ends."""

        def change(document: dict[str, Any]) -> None:
            for entry in document["users"]:
                if entry["name"] == self.user.name:
                    entry["user"]["auth-provider"]["config"].update(tokens)

        kubeconfig.try_rewrite(self.user.file, change)


def _mapping(user: Section, key: str) -> Mapping[str, Any]:
    value = user.fields[key]
    if not isinstance(value, dict):
        raise ConfigError(f"{key} of {user.title} is not a mapping", remedy="correct it there")
    return value
