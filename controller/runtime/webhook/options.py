"""How the webhooks of a manager are reached, and with whose certificates."""

from typing import Final, Literal

import attrs

from controller.runtime.permissions import MANAGER, certificates_of

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 9443
SERVICE: Final = "pentad-webhook"


@attrs.frozen(kw_only=True)
class WebhookOptions:
    """`service`: behind a Service of that name in `namespace`. `url`: on loopback.

    `configurations` is what those that lead to the Service are called.

    With `cert_dir` somebody else makes the certificates, and tells the API server to trust them.
    """

    mode: Literal["service", "url"] = "service"
    host: str = ""
    port: int = PORT
    service: str = SERVICE
    configurations: str = MANAGER
    namespace: str = "pentad-system"
    cert_dir: str = ""

    @property
    def certificates(self) -> str:
        """The Secret that the replicas behind the Service share."""
        return certificates_of(self.service)

    @property
    def listens_at(self) -> str:
        """The host to listen at; empty means everywhere."""
        return LOOPBACK if self.mode == "url" else self.host

    def names(self) -> tuple[str, ...]:
        """The names the API server may look for in the certificate."""
        if self.mode == "url":
            return (LOOPBACK, "localhost")
        full = f"{self.service}.{self.namespace}.svc"
        return (full, f"{full}.cluster.local", f"{self.service}.{self.namespace}")
