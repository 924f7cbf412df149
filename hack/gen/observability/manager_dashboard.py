"""The managers' dashboard as a whole, and which figures it leaves out."""

from typing import Final

from hack.gen.observability.dashboard import Dashboard, Variable
from hack.gen.observability.manager_process import ELECTION, PROCESS, REQUESTS, WEBHOOKS
from hack.gen.observability.manager_work import CACHES, GLANCE, QUEUES, RECONCILES
from hack.gen.observability.sources import MANAGER

MANAGER_DASHBOARD: Final = Dashboard(
    name="pentad-operator",
    title="Pentad: operator health",
    sources=(MANAGER,),
    variables=(Variable(name="job", label="job", series="pentad_process_start_time_seconds"),),
    rows=(GLANCE, RECONCILES, QUEUES, CACHES, REQUESTS, ELECTION, WEBHOOKS, PROCESS),
    unshown={
        "pentad_process_virtual_memory_bytes": "address space costs nothing; resident memory does",
        "pentad_process_max_fds": "a limit of the machine, which does not change while it runs",
    },
)
