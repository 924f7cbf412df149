"""All children of the samples, to the letter, as files beside this one."""

from pathlib import Path

import pytest

from tests.kit.golden import as_yaml, assert_golden, by_name
from tests.unit.reconcilers.penin.cluster.rendered import rendered, sample

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["cluster-dev", "cluster-production"])
def test_a_sample_has_these_children(name):
    """A difference is a change for users: it is read before it is committed."""
    assert_golden(GOLDEN / name, by_name(rendered(sample(f"{name}.yaml"))))


def test_what_differs_is_named_with_the_remedy(tmp_path, monkeypatch):
    """Somebody who meets it for the first time knows what to do."""
    monkeypatch.delenv("PENTAD_GOLDEN", raising=False)
    (tmp_path / "a.yaml").write_text("old")

    with pytest.raises(AssertionError, match=r"a\.yaml differ.* PENTAD_GOLDEN=write"):
        assert_golden(tmp_path, {"a.yaml": "new"})


def test_they_are_written_when_asked(tmp_path, monkeypatch):
    """And files that nothing makes any more go."""
    monkeypatch.setenv("PENTAD_GOLDEN", "write")
    (tmp_path / "gone.yaml").write_text("old")

    assert_golden(tmp_path, {"a.yaml": "new"})

    assert ["a.yaml"] == [path.name for path in tmp_path.iterdir()]


def test_what_is_used_twice_is_written_twice():
    """References between lines are for machines."""
    labels = {"app": "a"}

    assert "*" not in as_yaml({"x": labels, "y": labels})
