"""The registration of VÉRTICE: its kinds, who works on them, what that takes."""

from typing import Final

from controller.runtime.intent import READING
from controller.runtime.registration import READ, ControllerSpec, Family, Permission
from informers.meta.builtin import DEPLOYMENT, POD, SECRET
from reconcilers.vertice.api.scaler import VERTICE_SCALER, VerticeScaler
from reconcilers.vertice.scaler import gauges
from reconcilers.vertice.scaler import reconciler as scaler
from reconcilers.vertice.scaler.reading.custom import GROUP as CUSTOM
from reconcilers.vertice.scaler.reading.resources import POD_METRICS
from reconcilers.vertice.scaler.rivals import AUTOSCALER, SCALED_OBJECT

FAMILY: Final = Family(
    name="vertice",
    home="vertice-operators",
    kinds=(VerticeScaler,),
    controllers=(ControllerSpec(name=scaler.NAME, set_up=scaler.set_up),),
    figures=(gauges.FIGURES,),
    permissions=(
        Permission.change(
            VERTICE_SCALER, reason="A deletion is held until replicas are given back, if wanted."
        ),
        Permission(
            group=DEPLOYMENT.group,
            resources=("deployments", "statefulsets", "replicasets"),
            verbs=READ,
            reason="How many pods a workload is to have is read there.",
        ),
        Permission(
            group=DEPLOYMENT.group,
            resources=("deployments/scale", "statefulsets/scale", "replicasets/scale"),
            verbs=("update",),
            reason="How many pods a workload is to have is written there, nothing else.",
        ),
        Permission.read(POD, reason="Which pods count is decided by their states and requests."),
        Permission(
            group=POD_METRICS.group,
            resources=(POD_METRICS.plural,),
            verbs=("list",),
            reason="What pods use is read from metrics-server.",
        ),
        Permission(
            group=CUSTOM,
            resources=("*",),
            verbs=("get",),
            is_open=True,
            reason="Each custom metric is a resource of a name that only its adapter knows.",
        ),
        Permission.read(AUTOSCALER, reason="Who else scales a workload has to be known."),
        Permission.read(SCALED_OBJECT, reason="Likewise of KEDA, where it is installed."),
        Permission(
            group=SECRET.group,
            resources=(SECRET.plural,),
            verbs=("get",),
            reason="Credentials for Prometheus are read by the names in a spec.",
        ),
        READING,
    ),
)
