"""What a VerticeScaler listens to: shares of requests, averages of pods, values of queries.

Docstrings become the CRD's descriptions and the reference page. After a change: `make generate`.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.crd import Rule
from informers.meta.duration import Duration
from informers.meta.quantity import Quantity
from reconcilers.vertice.api.lengths import timed

MOST_QUERY: Final = 8192
MOST_METRICS: Final = 16
_MOST_UNITS: Final = 9_200_000_000_000_000
_NUMBER: Final = "^[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,4})?$"
GROUP_VERSION: Final = r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?v[0-9][a-z0-9]*$"
"""Of a kind; so it names one place to ask for it."""
MetricType = Literal["cpu", "memory", "custom", "external"]
OnMissing = Literal["hold", "ignore", "zero", "fallback"]
Name = Annotated[str, Meta(min_length=1, max_length=253)]
ObjectName = Annotated[str, Meta(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9][^/%\s]*$")]
"""Of what is asked for by it: no object has one that is more than a part of a path."""
LabelValue = Annotated[
    str, Meta(max_length=63, pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$")
]
Number = Annotated[str, Meta(max_length=40)]
"""A number that is not negative, in quotes, as the specification prints it."""


class SecretKey(Struct, frozen=True, kw_only=True, rename="camel"):
    """One value of a Secret in the namespace of the scaler."""

    name: ObjectName
    """The Secret."""
    key: Name
    """Its key."""


class MetricTarget(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a pod is to use: exactly one of these."""

    average_utilization: Annotated[int, Meta(ge=1, le=100_000)] | UnsetType = UNSET
    """Per cent of what its containers request, over all pods; for cpu and memory."""
    average_value: Quantity | UnsetType = UNSET
    """An amount per pod, such as 500m cores, 1Gi, or 100 of what a custom metric counts."""
    value: Quantity | UnsetType = UNSET
    """An amount for all pods together; for a custom metric of one object."""


class MeasuredObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """The object that a custom metric is of."""

    api_version: Annotated[str, Meta(max_length=317, pattern=GROUP_VERSION)] = "v1"
    """Its group and version."""
    kind: Annotated[str, Meta(min_length=1, max_length=63)]
    """Its kind."""
    name: Name
    """Its name, in the namespace of the scaler."""


class CustomMetric(Struct, frozen=True, kw_only=True, rename="camel"):
    """A metric of custom.metrics.k8s.io: of each pod, or of one object."""

    name: Name
    """The metric."""
    selector: Annotated[dict[str, LabelValue], Meta(max_length=32)] = {}
    """Labels of the metric's own, where its adapter knows any."""
    object: MeasuredObject | UnsetType = UNSET
    """The object it is of; without one, it is of each pod."""


class ExternalMetric(Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of Prometheus to a query: one number, asked for every 15 seconds."""

    query: Annotated[str, Meta(min_length=1, max_length=MOST_QUERY)]
    """A query in PromQL whose answer is a scalar, or a vector of one series."""
    target: Annotated[Number, Meta(examples=["1000"])]
    """What the answer is compared with, in quotes."""
    target_type: Literal["AverageValue", "Value"] = "AverageValue"
    """Whether the target is for each pod, so that answer / target pods are asked for; or for all
    pods together, so that there are more of them while the answer is above it."""
    activation: Annotated[Number, Meta(examples=["5"])] = "0"
    """Above this there has to be at least one pod; it matters where minReplicas is 0."""
    max_age: Annotated[Duration, Meta(examples=["5m"])] = Duration.parse("5m")
    """How old a sample may be; an older one is no answer."""


class Metric(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing to listen to; of several, the one that asks for most pods decides."""

    type: MetricType
    """Of which sort: cpu and memory of the pods, a custom metric, or a query."""
    target: MetricTarget | UnsetType = UNSET
    """What is aimed at, for all sorts but external, which has its own."""
    container: Annotated[str, Meta(min_length=1, max_length=63)] | UnsetType = UNSET
    """Only this container of each pod counts; for cpu and memory."""
    custom: CustomMetric | UnsetType = UNSET
    """Which metric, for the sort custom."""
    external: ExternalMetric | UnsetType = UNSET
    """Which query, for the sort external."""
    on_missing: OnMissing = "hold"
    """What it means that the metric cannot be read: nothing goes down; the others decide alone; it
    counts as zero; or spec.fallback asks for its pods."""


class PrometheusAuth(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who asks: by a token, or by a name and a password."""

    bearer_token: SecretKey | UnsetType = UNSET
    """A token, sent as `Authorization: Bearer`."""
    username: SecretKey | UnsetType = UNSET
    """A user's name."""
    password: SecretKey | UnsetType = UNSET
    """The user's password."""


class PrometheusTls(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the server is known, and how it knows who asks."""

    ca: SecretKey | UnsetType = UNSET
    """The certificates that are trusted, as PEM; without them, those of the system."""
    certificate: SecretKey | UnsetType = UNSET
    """A client certificate, as PEM."""
    key: SecretKey | UnsetType = UNSET
    """Its key."""
    server_name: Annotated[str, Meta(max_length=253, pattern=r"^[!-~]*$")] = ""
    """The name in the server's certificate, where it is not that of the address."""
    insecure_skip_verify: bool = False
    """Whether any certificate will do; whoever is in between then decides how many pods there are.
    """


class Prometheus(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where queries are asked."""

    address: Annotated[
        str, Meta(max_length=2048, examples=["http://prometheus.monitoring:9090"])
    ] = ""
    """Its URL, with a path prefix if it has one; external metrics cannot be read without."""
    timeout: Annotated[Duration, Meta(examples=["5s"])] = Duration.parse("5s")
    """How long an answer may take."""
    auth: PrometheusAuth = PrometheusAuth()
    """Who asks."""
    tls: PrometheusTls = PrometheusTls()
    """How the two know each other, where the address is https."""


def _only(type_: str, field: str) -> Rule:
    return Rule(
        path="spec.metrics[]",
        rule=f"has(self.{field}) == (self.type == '{type_}')",
        message=f"a metric of type {type_} has a block {field}, and no other has one",
    )


def _numbered(field: str, rule: str, *, message: str) -> tuple[Rule, ...]:
    """Refuse what is no plain number, and by a rule what is."""
    is_number = f"self.{field}.matches('{_NUMBER}')"
    form = f"{field} is a plain number in quotes, such as '0.1' or '1000', without a unit"
    return tuple(
        Rule(path="spec.metrics[].external", rule=each, message=text, field_path=f".{field}")
        for each, text in ((is_number, form), (f"!{is_number} || ({rule})", message))
    )


def _countable(field: str) -> Rule:
    """Refuse what thousandths in an int64 do not hold; an amount is a number or a text."""
    return Rule(
        path="spec.metrics[].target",
        rule=f"!has(self.{field}) || (type(self.{field}) == int ? "
        f"self.{field} >= 1 && self.{field} <= {_MOST_UNITS} : "
        f"[quantity(self.{field})].all(x, x.compareTo(quantity('1m')) >= 0 && "
        f"x.compareTo(quantity('{_MOST_UNITS}')) <= 0))",
        message="what is aimed at is between 1m and 9200T",
        field_path=f".{field}",
    )


RULES: Final[tuple[Rule, ...]] = (
    _only("external", "external"),
    _only("custom", "custom"),
    Rule(
        path="spec.metrics[]",
        rule="has(self.target) == (self.type != 'external')",
        message="say target for cpu, memory and custom; a query has its target in external",
    ),
    Rule(
        path="spec.metrics[]",
        rule="!has(self.target) || [has(self.target.averageUtilization), "
        "has(self.target.averageValue), has(self.target.value)].filter(x, x).size() == 1",
        message="say one of averageUtilization, averageValue and value",
        field_path=".target",
    ),
    Rule(
        path="spec.metrics[]",
        rule="!has(self.target) || !has(self.target.averageUtilization) || "
        "self.type in ['cpu', 'memory']",
        message="only cpu and memory are requested, so only they have a utilization",
        field_path=".target.averageUtilization",
    ),
    Rule(
        path="spec.metrics[]",
        rule="!has(self.target) || !has(self.target.value) || "
        "(has(self.custom) && has(self.custom.object))",
        message="a value for all pods together is for a custom metric of one object",
        field_path=".target.value",
    ),
    Rule(
        path="spec.metrics[]",
        rule="!has(self.container) || self.type in ['cpu', 'memory']",
        message="only cpu and memory are measured by container",
        field_path=".container",
    ),
    *_numbered(
        "target",
        "double(self.target) >= 0.001 && double(self.target) <= 9.2e15",
        message="what is aimed at is between 0.001 and 9.2e15",
    ),
    *_numbered(
        "activation",
        "double(self.activation) == 0.0 || "
        "(double(self.activation) >= 0.001 && double(self.activation) <= 9.2e15)",
        message="an activation is 0, or between 0.001 and 9.2e15",
    ),
    *(_countable(field) for field in ("averageValue", "value")),
    *timed(
        "spec.metrics[].external",
        "maxAge",
        "duration(self.maxAge) >= duration('15s')",
        message="say 15s or more: samples get that old between two looks",
    ),
    Rule(
        path="spec.prometheus",
        rule="!has(self.address) || self.address == '' || self.address.startsWith('http://') || "
        "self.address.startsWith('https://')",
        message="an address begins with http:// or https://",
        field_path=".address",
    ),
    *timed(
        "spec.prometheus",
        "timeout",
        "duration(self.timeout) > duration('0s') && duration(self.timeout) <= duration('15s')",
        message="say 15s at most: the next look begins then",
    ),
    Rule(
        path="spec.prometheus.auth",
        rule="has(self.username) == has(self.password) && "
        "!(has(self.username) && has(self.bearerToken))",
        message="say bearerToken, or username and password",
    ),
    Rule(
        path="spec.prometheus.tls",
        rule="has(self.certificate) == has(self.key)",
        message="a client certificate needs its key, and the other way round",
    ),
)
