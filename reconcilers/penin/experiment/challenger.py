"""The workload of a challenger: the champion's, with the change in it and a label of its own.

Rendered by the functions that render the champion, so that nothing but the change and what tells
the two apart differs. Pure functions.
"""

from typing import Any, Final

import attrs

from reconcilers.penin.cluster import desired, pods
from reconcilers.penin.cluster.pods import Wanted
from reconcilers.penin.cluster.services import Role
from reconcilers.penin.experiment.change import Patch, merged

CHALLENGER: Final = "challenger"
Body = dict[str, Any]


@attrs.frozen(kw_only=True)
class Pair:
    """What the two arms are given."""

    champion: desired.Part
    challenger: desired.Part
    image: str
    challenger_image: str

    @property
    def differs(self) -> bool:
        """Whether the change makes a difference at all."""
        champion, other = self.champion.template["spec"], self.challenger.template["spec"]
        without = [_without_config(each) for each in (champion, other)]
        return without[0] != without[1] or self.champion.config != self.challenger.config


def name(role: Role, cluster: str) -> str:
    """Name the challenger's workload."""
    return f"{role.child(cluster)}-{CHALLENGER}"


def pair(wanted: Wanted, role: Role, change: Patch) -> Pair:
    """Return what the champion has, and what the challenger is to have."""
    changed = attrs.evolve(wanted, spec=merged(wanted.spec, change))
    return Pair(
        champion=desired.parts(wanted)[role.key],
        challenger=_part(changed, role),
        image=pods.image(wanted, role),
        challenger_image=pods.image(changed, role),
    )


def _part(changed: Wanted, role: Role) -> desired.Part:
    content = pods.config(changed, role)
    configs = {role.key: _config_name(changed.cluster, role, content)}
    template = pods.template(attrs.evolve(changed, configs=configs), role)
    template["metadata"]["labels"] = role.pod_labels(changed.cluster, track=CHALLENGER)
    return desired.Part(config=content, template=template)


def _config_name(cluster: str, role: Role, content: str) -> str:
    return f"{name(role, cluster)}-{desired.digest(content)}"


def children(
    wanted: Wanted, role: Role, part: desired.Part, *, replicas: int, deadline: float
) -> list[Body]:
    """Return the challenger's settings and workload."""
    labels = role.pod_labels(wanted.cluster, track=CHALLENGER)
    config = desired.config_map(wanted.cluster, role, part.config)
    config["metadata"] = {
        "name": _config_name(wanted.cluster, role, part.config),
        "labels": labels,
    }
    workload = desired.deployment(wanted, role, part, replicas=replicas)
    workload["metadata"] |= {"name": name(role, wanted.cluster), "labels": labels}
    workload["spec"] |= {
        "selector": {"matchLabels": labels},
        "progressDeadlineSeconds": max(1, round(deadline)),
    }
    return [config, workload]


def _without_config(spec: Body) -> Body:
    """Return a pod without the name of its settings."""
    volumes = [volume for volume in spec["volumes"] if volume["name"] != "config"]
    return spec | {"volumes": volumes}
