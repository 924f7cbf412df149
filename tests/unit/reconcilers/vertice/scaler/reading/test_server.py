"""Where queries are asked and who asks: what is refused, and what is never told."""

import base64
import socket

import pytest

from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.server import Server
from tests.kit.certificates import Authority


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://prometheus:9090", "http://prometheus:9090/api/v1/query"),
        ("https://prometheus/", "https://prometheus/api/v1/query"),
        (
            "http://a.b.svc.:80/mimir/prometheus//",
            "http://a.b.svc.:80/mimir/prometheus/api/v1/query",
        ),
        ("http://[::1]:9090", "http://[::1]:9090/api/v1/query"),
        ("HTTP://127.0.0.1", "HTTP://127.0.0.1/api/v1/query"),
    ],
)
def test_the_path_of_the_api_follows_the_address(address, url):
    """Whatever prefix it has, and however it ends."""
    assert url == Server(address=address).url()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        pytest.param("", "nobody said where.*set spec.prometheus.address", id="none"),
        pytest.param("http://me:hush@host", "holds a user: set spec.prometheus.auth", id="user"),
        pytest.param("https://hush@host/x", "holds a user", id="user alone"),
        pytest.param("http://me:hush?x@host", "its host or its port is none", id="odd user"),
        pytest.param("me:hush@host", "holds a user", id="user without a scheme"),
        pytest.param("prometheus:9090", "neither http:// nor https://", id="no scheme"),
        pytest.param("file:///etc/hush", "neither http:// nor https://", id="file"),
        pytest.param("http://", "names no host", id="no host"),
        pytest.param("http://a..b", "names no host", id="half a host"),
        pytest.param(f"http://{'a' * 64}", "names no host", id="long host"),
        pytest.param("http://host:http", "its host or its port is none", id="port"),
        pytest.param("http://host:0", "names port 0", id="port 0"),
        pytest.param("http://host:99999", "its host or its port is none", id="large port"),
        pytest.param("http://[::1", "its host or its port is none", id="half an address"),
        pytest.param("http://host/?hush=1", "more than a host, a port and a path", id="query"),
        pytest.param("http://host/#hush", "more than a host, a port and a path", id="fragment"),
        pytest.param("http://host/a\r\nHush: b", "more than a host", id="header"),
        pytest.param(" http://host", "more than a host", id="space"),
        pytest.param("http://hôst", "more than a host", id="not ASCII"),
    ],
)
def test_an_address_that_is_none_is_refused(address, why):
    """In words that do not repeat it, as there may be a password in it."""
    server = Server(address=address)
    with pytest.raises(Unanswered, match=why) as refused:
        _ = server.url()

    assert "hush" not in str(refused.value)


def basic(text):
    """Return the header of a user."""
    return {"Authorization": f"Basic {base64.b64encode(text).decode()}"}


@pytest.mark.parametrize(
    ("who", "headers"),
    [
        pytest.param({}, {}, id="nobody"),
        pytest.param({"token": b"t0k.en\n"}, {"Authorization": "Bearer t0k.en"}, id="token"),
        pytest.param(
            {"username": b"me\n", "password": "pä:ss\n".encode()},
            basic("me:pä:ss".encode()),
            id="user",
        ),
    ],
)
def test_who_asks_is_said_without_the_space_around_it(who, headers):
    """Most Secrets that were made of files end in a newline."""
    assert headers == Server(address="http://host", **who).headers()


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ({"token": b"two words"}, "bearerToken holds no token"),
        ({"token": b"a\r\nb: c"}, "bearerToken holds no token"),
        ({"token": b" \n"}, "bearerToken holds no token"),
        ({"username": b"a:b", "password": b"c"}, "username holds a colon"),
    ],
)
def test_what_no_header_carries_is_refused(who, why):
    """Before anything is sent."""
    with pytest.raises(Unanswered, match=why):
        Server(address="http://host", **who).headers()


SECRETS = {
    name: f"hush-{name}".encode()
    for name in ("token", "username", "password", "ca", "certificate", "key")
}


@pytest.mark.parametrize(
    "address",
    ["http://me:hush@host", "http://me:hu?hush@host", "http://host/?hush", "me:hush@host"],
)
def test_nothing_secret_is_in_its_text(address):
    """Neither what Secrets held, nor what was written into the address."""
    text = repr(Server(address=address, **SECRETS))

    assert "hush" not in text
    assert "host" in text


def test_what_a_server_repeats_is_struck_out():
    """Each credential by itself, and the header's form of both; but no word of everybody's."""
    server = Server(address="http://host", **SECRETS)
    header = server.__class__(address="", username=b"hush-username", password=b"hush-password")
    said = " ".join(
        [*(each.decode() for each in SECRETS.values()), header.headers()["Authorization"]]
    )

    assert "*** *** *** hush-ca hush-certificate hush-key Basic ***" == server.without_secrets(said)
    assert "a b c" == Server(address="", token=b"a").without_secrets("a b c")


WHERE = "; look at spec.prometheus.address, network policies, and spec.prometheus.tls"
ANOTHER = ": it may want another client certificate; see spec.prometheus.tls"
REFUSED = "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            f"Name or service not known{WHERE}",
        ),
        (
            ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 80)"),
            f"Connection refused{WHERE}",
        ),
        (OSError("Multiple exceptions: a, b"), f"Multiple exceptions: a, b{WHERE}"),
        (ConnectionResetError(), f"ConnectionResetError{WHERE}"),
        (
            OSError(1, REFUSED),
            f"TLS failed (TLSV13_ALERT_CERTIFICATE_REQUIRED){ANOTHER}",
        ),
    ],
    ids=["name", "refused", "several", "reset", "certificate"],
)
def test_why_it_cannot_be_reached_is_told(error, why):
    """With the address that was tried, and where to look."""
    server = Server(address="https://host:80")

    assert f"cannot be reached at https://host:80: {why}" == server.why_unreachable(error)


def pair():
    """Return a certificate and the key of another."""
    authority = Authority()
    return {"certificate": authority.issue()[0].encode(), "key": authority.issue()[1].encode()}


@pytest.mark.parametrize(
    ("tls", "why"),
    [
        ({"ca": b"hush"}, "certificate-authority of spec.prometheus.tls holds no PEM"),
        ({"certificate": b"hush", "key": b"hush"}, "key of spec.prometheus.tls cannot be used"),
        (pair(), "key of spec.prometheus.tls cannot be used"),
    ],
)
def test_what_is_no_certificate_is_refused(tls, why):
    """With the field that is to be corrected."""
    with pytest.raises(Unanswered, match=why) as refused:
        Server(address="https://host", **tls).context()

    assert "hush" not in str(refused.value)
