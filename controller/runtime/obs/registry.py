"""Every figure that the runtime can tell: what dashboards and rules may name."""

from typing import Final

from controller.runtime.election import metrics as election
from controller.runtime.obs import collectors, kinds, remembered, scrape
from controller.runtime.webhook import metrics as webhook
from controller.runtime.workqueue import metrics as workqueue

RUNTIME: Final = (
    *collectors.DECLARED,
    *workqueue.DECLARED,
    *kinds.DECLARED,
    *remembered.DECLARED,
    *election.DECLARED,
    *webhook.DECLARED,
    *scrape.DECLARED,
)
