"""What a cluster should have follows from its spec alone."""

import json

import pytest

from reconcilers.penin.cluster import desired
from reconcilers.penin.cluster.services import EVERYTHING, OMEGA_META, REDIS, SERVICES, SIGMA_GUARD
from tests.unit.reconcilers.penin.cluster.world import wanted

REDIS_TOO = {"storage": {"cache": {"type": "redis"}}}


def hashes(**spec):
    """Return the hash of what each part is given."""
    return {key: part.hash for key, part in desired.parts(wanted(**spec)).items()}


def changed(**spec):
    """Return the parts that a spec gives something else than the empty one."""
    before, after = hashes(), hashes(**spec)
    return {key for key in before if before[key] != after[key]}


EVERY = {role.key for role in SERVICES}


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ({"version": "1.0.0"}, EVERY),
        ({"config": {"sigmaGuard": {"eceThreshold": 0.5}}}, {"sigmaGuard"}),
        ({"config": {"caosPlus": {"kappa": 25.0}}}, {"srOmegaInfinity", "omegaMeta"}),
        ({"config": {"budgetDailyUsd": 10.0}}, {"acfaLeague", "omegaMeta"}),
        ({"config": {"evolution": {"seed": 1}}}, {"acfaLeague", "omegaMeta"}),
        ({"resources": {"omegaMeta": {"cpu": "1000m"}}}, {"omegaMeta"}),
        ({"observability": {"logging": {"level": "DEBUG"}}}, EVERY),
        ({"observability": {"metrics": False}}, EVERY),
        ({"observability": {"tracing": False}}, set()),
        ({"replicas": {"sigmaGuard": 3}}, set()),
        ({"autoScaling": {"enabled": True}}, set()),
        ({"rollout": {"rollback": True}}, set()),
        ({"networkPolicy": {"enabled": False}}, set()),
    ],
    ids=str,
)
def test_a_change_restarts_those_whom_it_concerns(spec, parts):
    """And nobody else: this table is the one on the page of the kind."""
    assert parts == changed(**spec)


def test_equal_amounts_are_equal():
    """1000m is 1, whoever writes it."""
    one = hashes(resources={"omegaMeta": {"cpu": "1"}})

    assert one == hashes(resources={"omegaMeta": {"cpu": "1000m"}})


def test_a_changed_secret_restarts_those_who_use_it():
    """Its hash stands in their template."""
    before = desired.parts(wanted(secrets={"omegaMeta": "1"}))
    after = desired.parts(wanted(secrets={"omegaMeta": "2"}))

    assert {"omegaMeta"} == {key for key in before if before[key].hash != after[key].hash}


def test_a_service_reads_its_part_of_the_settings():
    """As a file, with the addresses of the others."""
    content = json.loads(desired.parts(wanted())["sigmaGuard"].config)

    assert {"sigmaGuard": {"eceThreshold": 0.01, "biasThreshold": 1.05}} == content["config"]
    assert "http://a-omega-meta:8010" == content["peers"]["omegaMeta"]


def pods(**spec):
    """Return the pod spec of every part."""
    return {key: part.template["spec"] for key, part in desired.parts(wanted(**spec)).items()}


@pytest.mark.parametrize("key", [role.key for role in EVERYTHING])
def test_pods_pass_the_restricted_standard(key):
    """No root, no rights, nothing to write to but what is theirs."""
    pod = pods(**REDIS_TOO)[key]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert {"type": "RuntimeDefault"} == pod["securityContext"]["seccompProfile"]
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == container["securityContext"]
    assert container["resources"]["limits"] == container["resources"]["requests"]


def test_only_self_reflection_gets_a_token():
    """Nobody else has anything to say to the API server."""
    with_token = {key for key, pod in pods().items() if pod["automountServiceAccountToken"]}

    assert {"srOmegaInfinity"} == with_token


def test_the_password_of_redis_is_no_argument():
    """Arguments can be read by everybody on the node."""
    (container,) = pods(**REDIS_TOO)["redis"]["containers"]

    assert "requirepass %s" in container["command"][2]
    assert all("value" not in variable for variable in container["env"])


def test_names_labels_and_ports_are_those_of_the_specification():
    """The printed commands find them."""
    front = desired.service(wanted(), OMEGA_META)

    assert "a-omega-meta" == front["metadata"]["name"]
    labels = {"app": "penin-omega", "cluster": "a", "service": "omega-meta"}
    assert labels == front["metadata"]["labels"] == front["spec"]["selector"]
    assert [8010, 8011, 8012, 8013] == sorted(role.port for role in SERVICES)


def test_an_autoscaler_decides_alone():
    """The count is not ours then, so it is not said."""
    scaled = wanted(autoScaling={"enabled": True, "services": ["sigmaGuard"]})

    assert desired.replicas(scaled, SIGMA_GUARD) is None
    assert 1 == desired.replicas(scaled, OMEGA_META)
    part = desired.parts(scaled)["sigmaGuard"]
    made = desired.deployment(scaled, SIGMA_GUARD, part, replicas=None)
    assert "replicas" not in made["spec"]


@pytest.mark.parametrize(
    ("spec", "has_budget"),
    [
        ({"replicas": {"sigmaGuard": 1}}, False),
        ({"replicas": {"sigmaGuard": 2}}, True),
        ({"autoScaling": {"enabled": True, "minReplicas": 2}}, True),
        ({"replicas": {"sigmaGuard": 2}, "placement": {"disruptionBudgets": False}}, False),
    ],
    ids=str,
)
def test_only_several_pods_have_a_budget(spec, has_budget):
    """For a single one it would block every drain."""
    assert has_budget == desired.needs_budget(wanted(**spec), SIGMA_GUARD)


def test_the_network_policy_lets_pods_do_their_work():
    """What the printed one forgets: names, monitoring, the operator, models outside."""
    policy = desired.network_policy(wanted(), operator_namespace="penin-system")
    ingress, egress = policy["spec"]["ingress"], policy["spec"]["egress"]

    named = {"kubernetes.io/metadata.name"}
    asked = ingress[1]["from"]
    assert [named] * 2 == [set(each["namespaceSelector"]["matchLabels"]) for each in asked]
    assert {53, 443, 6443} == {port["port"] for rule in egress[1:] for port in rule["ports"]}


def test_the_figures_of_a_ledger_writer_can_be_read_where_there_is_one():
    """At its own port, beside those of the services."""

    def ports(**spec):
        policy = desired.network_policy(wanted(**spec), operator_namespace="penin-system")
        return {port["port"] for port in policy["spec"]["ingress"][1]["ports"]}

    services = {8010, 8011, 8012, 8013}
    assert services == ports()
    assert services | {8014} == ports(storage={"wormLedger": {"enabled": True}})


def test_redis_is_there_only_where_it_is_asked_for():
    """A cache in memory is each pod's own."""
    assert REDIS.key not in desired.parts(wanted())
    assert REDIS.key in desired.parts(wanted(**REDIS_TOO))


def test_all_children_have_names_of_their_own():
    """Two objects of one kind and name would be one."""
    everything = wanted(**REDIS_TOO, replicas={"sigmaGuard": 2}, autoScaling={"enabled": True})
    children = desired.surroundings(
        everything, desired.roles(everything), operator_namespace="penin-system"
    )
    names = [(each["kind"], each["metadata"]["name"]) for each in children]

    assert len(names) == len(set(names))
    assert all(len(name) <= 63 for _, name in names)
