"""What a scaler's schema lets in, and what it refuses with which words."""

import pytest

from reconcilers.vertice.api.scaler import VERTICE_SCALER
from tests.integration.vertice.world import CPU, TARGET, scaler
from tests.kit.rest import MERGE

QUERY = {"type": "external", "external": {"query": "sum(rate(hits[1m]))", "target": "1000"}}
PRINTED = {
    "target": TARGET,
    "minReplicas": 2,
    "maxReplicas": 20,
    "metrics": [CPU, {"type": "memory", "target": {"averageUtilization": 80}}, QUERY],
    "behavior": {
        "scaleUp": {
            "stabilizationWindow": 30,
            "policies": [{"type": "Pods", "value": 4, "period": 60}],
        }
    },
    "schedule": [{"cron": "0 8 * * 1-5", "replicas": 10}],
}


def query(**fields):
    """Return a metric that is a query."""
    return {"type": "external", "external": {"query": "q", "target": "10", **fields}}


def of_object(amount, **fields):
    """Return a metric of one object."""
    which = {"name": "requests", "object": {"kind": "Service", "name": "front", **fields}}
    return {"type": "custom", "target": {"value": amount}, "custom": which}


def tried(world, **spec):
    """Return the answer to a dry run."""
    path = f"{VERTICE_SCALER.path(world.namespace)}?dryRun=All"
    return world.rest.request("POST", path, scaler(**spec))


def test_what_the_specification_prints_is_taken(world):
    """With the defaults of all that it leaves open."""
    found = tried(world, **PRINTED)

    assert 201 == found.status, found.body
    spec = found.body["spec"]
    assert "hold" == spec["metrics"][0]["onMissing"]
    assert ("AverageValue", "0") == (
        spec["metrics"][2]["external"]["targetType"],
        spec["metrics"][2]["external"]["activation"],
    )
    assert ("floor", "UTC") == (spec["schedule"][0]["mode"], spec["schedule"][0]["timeZone"])


def test_without_a_minimum_there_is_one_pod(world):
    """As elsewhere in Kubernetes."""
    assert 1 == tried(world).body["spec"]["minReplicas"]


@pytest.mark.parametrize(
    "metric",
    [
        query(target="0.001", activation="0.001"),
        query(target="9.2e15", activation="9.2e15"),
        {"type": "memory", "target": {"averageValue": "1Pi"}},
        {"type": "memory", "target": {"averageValue": 1}},
        of_object("9200T"),
        of_object("1m"),
    ],
)
def test_what_can_be_counted_is_taken(world, metric):
    """From a thousandth to as many as fit."""
    found = tried(world, metrics=[metric])

    assert 201 == found.status, found.body


@pytest.mark.parametrize(
    ("metrics", "prediction"),
    [
        ([QUERY], {}),
        ([CPU, QUERY], {}),
        ([CPU, QUERY], {"metric": 1}),
        ([QUERY, query(targetType="Value")], {"metric": 0}),
        ([QUERY], {"season": "1d", "historyDays": 3, "lookahead": "6h", "mode": "Active"}),
    ],
)
def test_what_can_be_foreseen_is_taken(world, metrics, prediction):
    """The metric has to be named only where there are several."""
    found = tried(world, metrics=metrics, prediction=prediction)

    assert 201 == found.status, found.body
    spec = found.body["spec"]["prediction"]
    usual = {"mode": "Preview", "season": "7d", "historyDays": 28, "lookahead": "10m0s"}
    assert {**usual, **prediction} == {**spec, "lookahead": prediction.get("lookahead", "10m0s")}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"minReplicas": 11}, "minReplicas is above maxReplicas"),
        ({"maxReplicas": 0}, "greater than or equal to 1"),
        ({"minReplicas": -1}, "greater than or equal to 0"),
        ({"metrics": None}, "say metrics, schedule or both"),
        ({"minReplicas": 0}, "minReplicas 0 needs an external metric or a schedule"),
        ({"target": {"kind": "Widget", "name": "w"}}, "say the apiVersion of a kind that is not"),
        ({"target": {"kind": "Deployment", "name": ""}}, "at least 1 chars long"),
        *(
            ({"target": {"kind": "Deployment", "name": name}}, "should match")
            for name in ("../web", "..", "a/b", "a%2fb", "a b")
        ),
        *(
            ({"prometheus": {"tls": {"ca": {"name": name, "key": "ca"}}}}, "should match")
            for name in ("../web", "..", "a/b")
        ),
        ({"prometheus": {"tls": {"serverName": "a\0b"}}}, "should match"),
        ({"metrics": [query(activation="0e-99999")]}, "is a plain number in quotes"),
        ({"metrics": [{"type": "gpu"}]}, 'supported values: "cpu"'),
        ({"metrics": [{"type": "cpu"}]}, "say target for cpu, memory and custom"),
        ({"metrics": [{"type": "cpu", "target": {}}]}, "say one of averageUtilization"),
        (
            {"metrics": [{"type": "cpu", "target": {"averageUtilization": 0}}]},
            "greater than or equal to 1",
        ),
        ({"metrics": [{**CPU, "external": QUERY["external"]}]}, "a block external"),
        ({"metrics": [{"type": "external"}]}, "a block external"),
        *(
            ({"metrics": [query(target=number)]}, "what is aimed at is between 0.001 and 9.2e15")
            for number in ("0", "0.0001", "1e18", "9.3e15")
        ),
        *(
            ({"metrics": [query(activation=number)]}, "an activation is 0, or between 0.001 and")
            for number in ("0.0001", "1e18")
        ),
        *(
            ({"metrics": [{"type": "cpu", "target": {"averageValue": amount}}]}, "is between 1m")
            for amount in (0, "0", "-1", "100u", "9201T", "1E", 10**18)
        ),
        *(
            ({"metrics": [of_object(amount)]}, "what is aimed at is between 1m and 9200T")
            for amount in ("0", "1e18")
        ),
        ({"metrics": [of_object("1", apiVersion="apps/v1/deployments")]}, "should match"),
        ({"metrics": [of_object("1", apiVersion="../v1")]}, "should match"),
        ({"metrics": [{**CPU, "onMissing": "fallback"}]}, "so say the fallback"),
        ({"fallback": {"replicas": 11}}, "the fallback is not between"),
        (
            {"schedule": [{"cron": "0 8 * * *", "replicas": 11}]},
            "an entry asks for more pods than maxReplicas",
        ),
        (
            {"minReplicas": 5, "schedule": [{"cron": "@daily", "replicas": 4, "mode": "ceiling"}]},
            "a ceiling is below minReplicas",
        ),
        (
            {"behavior": {"scaleUp": {"stabilizationWindow": 3601}}},
            "less than or equal to 3600",
        ),
        (
            {"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 0, "period": 15}]}}},
            "greater than or equal to 1",
        ),
        ({"cooldown": "-1s"}, "a time cannot be negative"),
        ({"prometheus": {"address": "prometheus:9090"}}, "begins with http:// or https://"),
        ({"prometheus": {"timeout": "1m"}}, "the next look begins then"),
        *(
            ({"metrics": metrics, "prediction": which}, "say in prediction.metric the place of an")
            for metrics, which in (
                ([CPU], {}),
                (None, {}),
                ([QUERY, QUERY], {}),
                ([CPU, QUERY], {"metric": 0}),
                ([CPU, QUERY], {"metric": 2}),
            )
        ),
        *(
            ({"metrics": metrics, "prediction": which}, "falls when there are more pods")
            for metrics, which in (
                ([query(targetType="Value")], {}),
                ([QUERY, query(targetType="Value")], {"metric": 1}),
            )
        ),
        (
            {"metrics": [QUERY], "prediction": {"historyDays": 20}},
            "a forecast takes three seasons: say historyDays 21 or more",
        ),
        ({"metrics": [QUERY], "prediction": {"historyDays": 57}}, "less than or equal to 56"),
        ({"metrics": [QUERY], "prediction": {"season": "2d"}}, 'supported values: "1d", "7d"'),
        *(
            ({"metrics": [QUERY], "prediction": {"lookahead": far}}, "is from 1m to 6h")
            for far in ("59s", "6h1s", "-1h")
        ),
        (
            {"prometheus": {"auth": {"username": {"name": "s", "key": "u"}}}},
            "say bearerToken, or username and password",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(world, spec, words):
    """With a sentence that says what to do, or the schema's own."""
    found = tried(world, **spec)

    assert 422 == found.status, found.body
    assert words in found.body["message"]


LENGTH = "is a length of time such as 30s, 5m or 1h30m"
NUMBER = "is a plain number in quotes, such as '0.1' or '1000', without a unit"


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        *(
            ({"cooldown": text}, "spec.cooldown", f"cooldown {LENGTH}")
            for text in ("5 minutes", "5", "", "5d", "1h 30m", ".s")
        ),
        (
            {"metrics": [query(maxAge="5min")]},
            "spec.metrics[0].external.maxAge",
            f"maxAge {LENGTH}",
        ),
        ({"prometheus": {"timeout": "5"}}, "spec.prometheus.timeout", f"timeout {LENGTH}"),
        (
            {"metrics": [QUERY], "prediction": {"lookahead": "soon"}},
            "spec.prediction.lookahead",
            f"lookahead {LENGTH}",
        ),
        *(
            ({"metrics": [query(target=text)]}, "spec.metrics[0].external.target", NUMBER)
            for text in ("100m", "lots", "-1", "", "1,5", ".5", "0x1")
        ),
        (
            {"metrics": [query(activation="1k")]},
            "spec.metrics[0].external.activation",
            f"activation {NUMBER}",
        ),
    ],
)
def test_what_is_written_in_another_form_is_refused_by_one_sentence(world, spec, field, words):
    """It names the field and a form, and nothing else is said of it."""
    found = tried(world, **spec)

    assert 422 == found.status, found.body
    (cause,) = found.body["details"]["causes"]
    assert field == cause["field"]
    assert words in cause["message"]


@pytest.mark.parametrize("text", ["5m", "1h30m", "0", "0s", "1.5h", ".5m", "+5m", "250ms", "9µs"])
def test_lengths_of_time_are_written_as_elsewhere(world, text):
    """In all forms that Go reads."""
    found = tried(world, cooldown=text)

    assert 201 == found.status, found.body


def test_a_scaler_that_has_scaled_keeps_its_workload(world):
    """What it remembers is of that one; until then, a name that is wrong can be mended."""
    path = VERTICE_SCALER.path(world.namespace, "web")
    world.create()
    world.change(target={"name": "a"})
    world.change(target={"name": "web"})
    world.rest.merge(f"{path}/status", {"status": {"originalReplicas": 2}})

    patch = {"spec": {"target": {"name": "b"}}}
    found = world.rest.request("PATCH", path, patch, content_type=MERGE)

    assert 422 == found.status, found.body
    assert "keeps it, with all that it remembers" in found.body["message"]
    world.change(target={"apiVersion": "apps/v1"})
