"""An API server of another program, behind the real one."""

import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.kit import aggregated
from tests.kit.certificates import Authority, server_context

GROUP = "echo.test.pentad.dev"


class Echo(BaseHTTPRequestHandler):
    """Answers discovery, and tells whom the front proxy says the user is."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Answer any path."""
        certificate = dict(pair for ((pair),) in self.connection.getpeercert()["subject"])
        body = {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{GROUP}/v1",
            "resources": [],
            "proxy": certificate["commonName"],
            "user": self.headers["X-Remote-User"],
            "groups": self.headers.get_all("X-Remote-Group"),
        }
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def front_proxy(rest):
    """Return how the cluster tells extension servers to know its front proxy."""
    path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    return rest.get(path)["data"]


@pytest.fixture
def echo(namespace, front_proxy):
    """Serve the extension on loopback, to the front proxy only; return its port and authority."""
    authority = Authority()
    context = server_context()
    authority.arm(context, f"echo.{namespace}.svc")
    context.load_verify_locations(cadata=front_proxy["requestheader-client-ca-file"])
    context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], authority
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def registered(rest, namespace, echo):
    """Register the extension, wait until it is Available, and take it away afterwards."""
    port, authority = echo
    with aggregated.registered(
        rest,
        GROUP,
        ["v1"],
        namespace=namespace,
        service="echo",
        port=port,
        authority=authority.pem,
    ):
        yield f"/apis/{GROUP}/v1"


def test_aggregated_api_answers(kubectl, registered, front_proxy):
    """A request reaches the extension with the user's name, by the front proxy's certificate."""
    answer = json.loads(kubectl("get", "--raw", registered))

    assert [answer["proxy"]] == json.loads(front_proxy["requestheader-allowed-names"])
    assert answer["user"] == "kubernetes-admin"
    assert "system:masters" in answer["groups"]


def test_aggregated_api_hears_the_impersonated_user(kubectl, registered):
    """The extension is told the user a request is made for, not the one that makes it."""
    kubectl("create", "clusterrole", "echo", "--verb=get", f"--non-resource-url={registered}")
    kubectl("create", "clusterrolebinding", "echo", "--clusterrole=echo", "--user=jane")

    answer = json.loads(kubectl("get", "--raw", registered, "--as=jane"))

    kubectl("delete", "clusterrole/echo", "clusterrolebinding/echo")
    assert answer["user"] == "jane"


def test_extension_refuses_others(echo):
    """Without the front proxy's certificate nobody gets through, so its headers can be trusted."""
    port, authority = echo
    context = ssl.create_default_context(cadata=authority.pem)
    context.check_hostname = False

    with pytest.raises((ssl.SSLError, ConnectionError)):
        _ask(port, context)


def _ask(port, context):
    """Ask over TLS; the refusal comes with whichever step is first to see it."""
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: echo\r\n\r\n")
        tls.recv(1)
