"""Objects as the API server stores them, and who of them mentions a Secret or ConfigMap."""

import asyncio

import pytest

from controller.runtime.handler import mentioning
from controller.runtime.source import KindSource, Why
from controller.runtime.workqueue.priority import DEFAULT
from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT, POD, SECRET
from informers.meta.kinds import Kind
from informers.references import keys_mentioning
from informers.reflector import Source
from tests.kit.eventually import eventually
from tests.kit.mirror import FAST
from tests.kit.putqueue import PutQueue

INGRESS = Kind("networking.k8s.io", "v1", "Ingress", "ingresses")
CRON_JOB = Kind("batch", "v1", "CronJob", "cronjobs")
SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts")
VOLUME = Kind("", "v1", "PersistentVolume", "persistentvolumes", namespaced=False)
SECRET_META = Source(kind=SECRET, metadata_only=True)

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {{name: mentions}}
spec:
  nodeName: nowhere
  imagePullSecrets: [{{name: secret}}]
  containers:
  - {{name: c, image: none, envFrom: [{{configMapRef: {{name: map}}}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: mentions}}
spec:
  replicas: 0
  selector: {{matchLabels: {{a: b}}}}
  template:
    metadata: {{labels: {{a: b}}}}
    spec:
      containers: [{{name: c, image: none}}]
      volumes:
      - name: all
        projected: {{sources: [{{secret: {{name: secret}}}}, {{configMap: {{name: map}}}}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: mentions}}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: c
            image: none
            env:
            - {{name: A, valueFrom: {{secretKeyRef: {{name: secret, key: k}}}}}}
            - {{name: B, valueFrom: {{configMapKeyRef: {{name: map, key: k}}}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: mentions}}
spec:
  tls: [{{secretName: secret}}]
  defaultBackend: {{service: {{name: s, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: mentions}}
imagePullSecrets: [{{name: secret}}]
---
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {namespace}}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadWriteOnce]
  csi:
    driver: none.example
    volumeHandle: v
    nodeStageSecretRef: {{name: secret, namespace: {namespace}}}
"""


@pytest.fixture
def objects(namespace, kubectl):
    """Make one object of each sort; the volume, which has no namespace, is taken away again."""
    kubectl("apply", "-n", namespace, "-f", "-", stdin=MANIFEST.format(namespace=namespace))
    yield namespace
    kubectl("delete", "pv", namespace, "--wait=false")


async def test_what_mentions_a_secret_is_found_in_every_kind(cluster, objects):
    """As the server completed and stored the objects."""
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    async with Informers(client, namespaces=[objects], pace=FAST) as informers:
        for kind in (POD, DEPLOYMENT, CRON_JOB, INGRESS, SERVICE_ACCOUNT, VOLUME):
            informer = informers.acquire(Source(kind=kind))
            async with asyncio.timeout(20):
                await informer.wait_synced()
            key = f"{objects}/mentions" if kind.namespaced else objects

            assert [key] == keys_mentioning(informer, SECRET, f"{objects}/secret"), kind
            maps = keys_mentioning(informer, CONFIG_MAP, f"{objects}/map")
            assert maps == ([key] if kind in (POD, DEPLOYMENT, CRON_JOB) else []), kind
    await client.close()


async def test_a_changed_secret_calls_for_the_pod_that_mentions_it(cluster, objects, rest):
    """When it appears, changes and goes; others' Secrets call for nothing."""
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    path = SECRET.path(objects)
    async with Informers(client, namespaces=[objects], pace=FAST) as informers:
        pods = informers.acquire(Source(kind=POD))
        async with asyncio.timeout(20):
            await pods.wait_synced()
        queue, why = PutQueue(), Why(client.clock)
        source = KindSource(informers, SECRET_META, mapper=mentioning(pods, SECRET))
        async with asyncio.TaskGroup() as group:
            await source.start(queue, why, group)
            await source.wait_synced()
            for name in ("other", "secret"):
                rest.create(path, {"kind": "Secret", "metadata": {"name": name}})
            await eventually(lambda: len(queue.put), equals=1, within=20)
            body = {"metadata": {"labels": {"a": "b"}}}
            rest.merge(f"{path}/secret", body)
            await eventually(lambda: len(queue.put), equals=2, within=20)
            rest.delete(f"{path}/secret")
            await eventually(lambda: len(queue.put), equals=3, within=20)
            await source.stop()

        assert {(f"{objects}/mentions", DEFAULT)} == set(queue.put)
        assert f"Secret {objects}/secret deleted" == why.of(f"{objects}/mentions")[1]
    await client.close()
