"""Settings: where they are said, what they become, and everything that is wrong at once."""

import attrs
import pytest

from controller.config import LEVELS, Config, load, parser
from informers.errors import ConfigError
from tests.kit.widget.family import WIDGET_FAMILY


def refusal(*arguments, **environ):
    """Return the lines that these settings are refused with, in a build without families."""
    with pytest.raises(ConfigError) as caught:
        load(arguments, environ, families=())
    head, *lines = str(caught.value).split("\n  ")
    assert "the configuration is wrong:" == head
    return lines


def test_nothing_said_is_a_working_configuration():
    """Every setting has a default."""
    assert Config() == load([], {})


def test_the_nearest_place_wins(tmp_path):
    """A flag before the environment, that before the file, that before the default."""
    path = tmp_path / "settings.yaml"
    path.write_text("logLevel: error\nlogFormat: console\nleaseSeconds: 20\n")
    environ = {"PENTAD_LOG_LEVEL": "warning", "PENTAD_LEASE_SECONDS": "30"}
    environ["PENTAD_CONFIG"] = str(path)

    found = load(["--lease-seconds=40"], environ)

    assert (40, "warning", "console", "info") == (
        found.lease_seconds,
        found.log_level,
        found.log_format,
        Config().log_level,
    )


@pytest.mark.parametrize(
    ("flag", "field", "value"),
    [
        ("--leader-elect=false", "leader_elect", False),
        ("--leader-elect=True", "leader_elect", True),
        ("--namespaces=a, b,,c", "namespaces", ("a", "b", "c")),
        ("--namespaces=", "namespaces", ()),
        ("--lease-seconds=20", "lease_seconds", 20),
        ("--stop-seconds=0.5", "stop_seconds", 0.5),
        ("--probe-address=off", "probe_address", ""),
        ("--probe-address=", "probe_address", ""),
        ("--probe-address=[::1]:0", "probe_address", "[::1]:0"),
        ("--webhooks=url", "webhooks", "url"),
    ],
    ids=lambda value: str(value) if str(value).startswith("--") else "",
)
def test_text_becomes_a_value(flag, field, value):
    """Each in its own type."""
    assert value == getattr(load([flag], {}), field)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("leaderElect: false", ("leader_elect", False)),
        ("namespaces: [a, b]", ("namespaces", ("a", "b"))),
        ("leaseSeconds: 20", ("lease_seconds", 20)),
        ("debugAddress: localhost:1", ("debug_address", "localhost:1")),
        ("", ("log_level", "info")),
    ],
    ids=["a switch", "a list", "a number", "text", "an empty file"],
)
def test_a_file_may_use_yamls_own_types(tmp_path, text, value):
    """They mean what the same text would as a flag."""
    path = tmp_path / "settings.yaml"
    path.write_text(text)

    assert value[1] == getattr(load([f"--config={path}"], {}), value[0])


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--leader-elect=maybe", "say true or false"),
        ("--lease-seconds=0", "at least 1"),
        ("--lease-seconds=many", "invalid literal"),
        ("--stop-seconds=-1", "positive number"),
        ("--stop-seconds=inf", "positive number"),
        ("--stop-seconds=nan", "positive number"),
        ("--stop-seconds=1e300", "at most 31536000, which is a year"),
        ("--lease-seconds=99999999999", "at most 31536000, which is a year"),
        ("--lease-name=Team_A/x", "a name must be labels of only a-z"),
        ("--lease-name=", "a name must not be empty"),
        ("--lease-namespace=../x", "a name must be only a-z"),
        ("--webhook-service=a.b", "a name must be only a-z"),
        ("--probe-address=8080", "say HOST:PORT"),
        ("--probe-address=:99999", "say HOST:PORT"),
        ("--webhook-address=off", "--webhooks=off turns them off"),
        ("--webhooks=yes", "say one of auto, service, url, off"),
        ("--namespaces=Team_A", "cannot be a namespace's name"),
        ("--families=nothing", "there is no 'nothing'; known: none in this build"),
        ("--lease-secnds=1", "there is no such flag; did you mean --lease-seconds?"),
        ("--lease", "there is no such flag"),
        ("stray", "there is no such flag; see --help"),
        ("--log-level", "expected one argument; see --help"),
        ("--retry-seconds=9", "retry"),
        ("--metrics-cert=a", "give both or neither"),
        ("--metrics-address=:8081", "port 8081 is wanted by two servers"),
        ("--config=/nowhere", "/nowhere"),
    ],
    ids=lambda value: value if value.startswith(("-", "stray")) else "",
)
def test_a_mistake_is_one_line_with_what_would_be_right(flag, says):
    """It names the flag and the remedy."""
    [line] = refusal(flag)

    assert says in line


def test_all_mistakes_are_told_at_once(tmp_path):
    """From every place, each with where it was said."""
    path = tmp_path / "settings.yaml"
    path.write_text("logFormat: xml\nlogLevl: info\n")

    lines = refusal("--nonsense", "--log-level=loud", f"--config={path}", PENTAD_WEBHOOKS="on")

    starts = ["--nonsense", f"--config {path}: unknown setting 'logLevl'", "PENTAD_WEBHOOKS: 'on'"]
    starts += ["--log-level: 'loud'", "logFormat in the file: 'xml'"]
    assert all(any(line.startswith(start) for line in lines) for start in starts)
    assert len(starts) == len(lines)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"- a\n", "a mapping of settings is needed"),
        (b"a: [1\n", "while parsing a flow sequence"),
        (b"\xff\xfe\x00", "'utf-8' codec"),
        (b"[" * 5000, "recursion"),
        (b"? [a, b]\n: c\n", "unknown setting 'a,b'"),
        (b"logLevel: info\nlogLevel: error\n", "logLevel is said twice: take one away"),
        (b"namespaces: {a: b}\n", "namespaces is one word, or a list of words"),
        (b"namespaces: [[a]]\n", "namespaces is one word, or a list of words"),
    ],
    ids=[
        "a list",
        "no YAML",
        "no text",
        "too deep",
        "a list as a key",
        "a setting twice",
        "a mapping",
        "a list of lists",
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(tmp_path, content, says):
    """Whatever is wrong with it."""
    path = tmp_path / "settings.yaml"
    path.write_bytes(content)

    [line] = refusal(f"--config={path}")

    assert says in line


def test_a_file_is_read_as_it_is_written(tmp_path):
    """YAML makes a boolean of `off`, a day of some numbers, and a list of what has no end."""
    path = tmp_path / "settings.yaml"
    path.write_text(
        "metricsAddress: off\nwebhooks: off\nleaseName: 2024-13-45\nlogLevel: !!int debug\n"
        "namespaces: &a [b, c]\nstopSeconds: 1_0.5\n"
    )

    found = load([f"--config={path}"], {})

    assert ("", "off", "2024-13-45", "debug", ("b", "c"), 10.5) == (
        found.metrics_address,
        found.webhooks,
        found.lease_name,
        found.log_level,
        found.namespaces,
        found.stop_seconds,
    )


@pytest.mark.parametrize("content", ["", "---\n", "# nothing\n", "kubeconfig:\ncontext: ~\n"])
def test_a_setting_without_a_value_says_nothing(tmp_path, content):
    """As one that is not there, in a file that may say nothing at all."""
    path = tmp_path / "settings.yaml"
    path.write_text(content)

    assert Config() == load([f"--config={path}"], {})


@pytest.mark.parametrize(
    ("flags", "is_right"),
    [
        (["--webhook-address=:8080", "--webhooks=off"], True),
        (["--webhook-address=:8080"], False),
        (["--probe-address=:0", "--metrics-address=:0"], True),
        (["--webhooks=url", "--webhook-cert-dir=x"], False),
    ],
    ids=["turned off", "the port twice", "any port", "two sources of certificates"],
)
def test_settings_that_contradict_each_other(flags, is_right):
    """What is right one by one may be wrong together."""
    if is_right:
        load(flags, {})
    else:
        assert refusal(*flags)


def test_families_are_those_of_the_build():
    """Known ones are accepted, and named to who asks for another."""
    assert ("widget",) == load(["--families=widget"], {}, families=(WIDGET_FAMILY,)).families
    with pytest.raises(ConfigError, match="no 'gadget'; known: widget"):
        load(["--families=gadget"], {}, families=(WIDGET_FAMILY,))


def test_the_election_is_that_of_the_settings():
    """The Lease is in the namespace named, or else in the connection's."""
    asked = load(["--lease-seconds=40", "--retry-seconds=3", "--lease-name=x"], {})
    named = load(["--lease-namespace=there"], {})

    election = asked.election("here")
    assert ("x", "here", 40, 3) == (
        election.name,
        election.namespace,
        election.lease,
        election.retry,
    )
    assert "there" == named.election("here").namespace


def test_help_names_every_setting_with_its_default():
    """A user finds the flag, what it does and what it is otherwise."""
    text = " ".join(parser().format_help().split())

    for field in attrs.fields(Config):
        assert "--" + field.name.replace("_", "-") in text
    assert "(default: 30)" in text
    assert "3 lost the lease" in text


def test_help_says_what_each_setting_takes():
    """Nobody has to be refused to learn that a switch is said, and which words a choice has."""
    text = " ".join(parser().format_help().split())

    for form in ("--leader-elect true|false", "--debug-address HOST:PORT|off", "NAME,NAME"):
        assert form in text
    for choices in ("json or console", ", ".join(LEVELS), "service, url"):
        assert choices in text
