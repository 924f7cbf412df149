"""Certificates in files: shown when whole, kept when not."""

import asyncio

import pytest

from controller.runtime.webhook.files import CertificateFolder
from controller.runtime.webhook.serving import ServingCertificate
from informers.clock import LoopClock
from informers.errors import ConfigError
from tests.chaos.webhook_world import Silence
from tests.kit.certificates import Authority


class Complaints(Silence):
    """A log that keeps what it is warned of."""

    def __init__(self):
        self.events = []

    def warning(self, event, /, **_):
        """Keep it."""
        self.events.append(event)


@pytest.fixture
def files(tmp_path):
    """Return the files of a directory that has a pair, their certificate and their log."""
    write(tmp_path, *Authority().issue())
    certificate, log = ServingCertificate(), Complaints()
    return CertificateFolder(tmp_path, certificate, log=log), certificate, log


def write(folder, certificate, key):
    """Put a pair there."""
    (folder / "tls.crt").write_text(certificate)
    (folder / "tls.key").write_text(key)


async def test_a_pair_that_changes_is_shown(files, tmp_path):
    """It takes a poll, and one that did not change is not loaded again."""
    source, certificate, _ = files
    await source.open()
    source.poll()
    assert 1 == certificate.replacements

    renewed = Authority().issue()
    write(tmp_path, *renewed)
    source.poll()

    assert 2 == certificate.replacements
    assert renewed[0].encode() == certificate.pair.certificate


async def test_half_of_a_pair_changes_nothing(files, tmp_path):
    """The certificate in use stays, and the complaint comes once per pair."""
    source, certificate, log = files
    await source.open()
    before, (renewed, key) = certificate.pair, Authority().issue()

    (tmp_path / "tls.crt").write_text(renewed)
    source.poll()
    source.poll()
    assert before == certificate.pair
    assert ["webhook_certificate_refused"] == log.events

    (tmp_path / "tls.key").unlink()
    source.poll()
    assert "webhook_certificate_unreadable" == log.events[-1]

    (tmp_path / "tls.key").write_text(key)
    source.poll()
    assert renewed.encode() == certificate.pair.certificate


@pytest.mark.parametrize("content", ["", "garbage", "-----BEGIN CERTIFICATE-----"])
async def test_what_cannot_be_used_is_refused_with_a_remedy(content, tmp_path):
    """At the start there is nothing to fall back on."""
    write(tmp_path, content, content)
    source = CertificateFolder(tmp_path, ServingCertificate(), log=Complaints())

    with pytest.raises(ConfigError, match="must be PEM"):
        await source.open()


async def test_a_missing_file_is_told_with_its_path(tmp_path):
    """And with the setting that names the directory."""
    source = CertificateFolder(tmp_path, ServingCertificate(), log=Silence())

    with pytest.raises(ConfigError, match=r"tls\.crt cannot be read .*--webhook-cert-dir"):
        await source.open()


@pytest.mark.virtual
async def test_files_are_looked_at_often_enough(files, tmp_path):
    """A certificate renewed hours before it expires is in use within ten seconds."""
    source, certificate, _ = files
    await source.open()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(source.run())
        write(tmp_path, *Authority().issue())
        await LoopClock().sleep(10.1)
        assert 2 == certificate.replacements

        source.finish()
        await running
