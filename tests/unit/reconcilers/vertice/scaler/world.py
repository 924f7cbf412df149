"""Workloads, pods and samples as tests of the scaler write them."""

from informers.meta import codec
from reconcilers.vertice.api.measured import Metric
from reconcilers.vertice.scaler.groups import SECOND, Sample
from reconcilers.vertice.scaler.listening import Workload
from reconcilers.vertice.scaler.reading.pods import Pod

NOW = 1_700_000_000 * SECOND
LONG_AGO = "2023-11-14T20:00:00Z"


def pod(name, *, cpu="1", phase="Running", ready="True", container="main", **more):
    """Return a pod that has been ready for long."""
    requests = {} if cpu is None else {"cpu": cpu, "memory": "64Mi"}
    spec = {"containers": [{"name": container, "resources": {"requests": requests}}], **more}
    return codec.convert(
        {
            "metadata": {"name": name},
            "spec": spec,
            "status": {
                "phase": phase,
                "startTime": LONG_AGO,
                "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": LONG_AGO}],
            },
        },
        Pod,
    )


def workload(count, *, ready=None, shown=None):
    """Return a workload of so many pods, of which so many are ready."""
    ready = count if ready is None else ready
    pods = tuple(
        pod(f"p{each}", ready="True" if each < ready else "False") for each in range(count)
    )
    return Workload(current=count, shown=count if shown is None else shown, pods=pods)


def samples(*values):
    """Return what was measured of the first pods, in thousandths."""
    return {
        f"p{place}": Sample(value=value, at=NOW, window=15 * SECOND)
        for place, value in enumerate(values)
    }


def metric(**fields):
    """Return a metric as a user writes it."""
    return codec.convert(fields, Metric)


def query(target, **fields):
    """Return a metric that is a query."""
    return metric(type="external", external={"query": "sum(q)", "target": target, **fields})
