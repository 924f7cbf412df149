"""What the real API server warns of."""

from informers.client import Client
from informers.connection import connect
from informers.meta.builtin import CONFIG_MAP


async def test_a_field_that_was_dropped_is_told_once(cluster, namespace):
    """A slip in what a controller creates is not lost in silence (apply refuses it by itself)."""
    client, told = Client(await connect(kubeconfig=cluster.kubeconfig)), []
    client.caveats.tell = lambda request, text: told.append((request.method, text))
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}}

    for _ in range(2):
        await client.create(CONFIG_MAP, {**head, "dta": {"x": "y"}}, namespace=namespace)
    await client.close()

    assert [("POST", 'unknown field "dta"')] == told
