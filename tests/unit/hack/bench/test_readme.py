"""The README's table is made of the figures, and of nothing else."""

import pytest

from hack.bench.readme import BEGIN, END, replaced

RESULT = {
    "scenarios": {
        "idle": {
            "ours": {"cpu_s": 0.04912},
            "controller-runtime": {"cpu_s": 0.052},
        },
        "sync_10k": {
            "ours": {"wall_s": 1.349, "rss_mb": 66.04},
            "controller-runtime": {"wall_s": 2.0, "rss_mb": 60.0},
            "kopf": {"wall_s": 8.6},
        },
    },
    "targets": [
        {
            "scenario": scenario,
            "metric": metric,
            "against": against,
            "ratio": ratio,
            "target": target,
            "met": ratio <= target,
        }
        for scenario, metric, against, ratio, target in (
            ("sync_10k", "wall_s", "controller-runtime", 0.6745, 0.7),
            ("sync_10k", "rss_mb", "controller-runtime", 1.1, 0.8),
            ("sync_10k", "wall_s", "kopf", 0.157, 0.2),
            ("idle", "cpu_s", "controller-runtime", 0.94, 1.0),
        )
    ],
}
OLD = f"# P\n\n{BEGIN}\n\n| old |\n\n{END}\n\nMore.\n"


def test_a_run_renews_the_table_and_leaves_the_rest():
    """A row for each promise; a miss is told as one."""
    assert f"""\
# P

{BEGIN}

| | | ours | controller-runtime | kopf | ratio | to reach |
| --- | --- | --- | --- | --- | --- | --- |
| 10,000 objects: start to last reconcile | wall | 1.35 s | 2 s | 8.6 s | 0.67 | ≤ 0.7 |
| | RSS | 66 MB | 60 MB | - | 1.10 | ≤ 0.8 **missed** |
| 10,000 cached, nothing happens for a minute | CPU | 0.0491 s | 0.052 s | - | 0.94 | ≤ 1.0 |

{END}

More.
""" == replaced(OLD, RESULT)


@pytest.mark.parametrize("text", ["# P\n", OLD + OLD], ids=["none", "two"])
def test_a_readme_without_one_place_for_it_is_refused(text):
    """Nothing is written somewhere else."""
    with pytest.raises(ValueError, match="not one"):
        replaced(text, RESULT)
