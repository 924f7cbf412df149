"""Generated files are written once, compared exactly, and removed when nothing makes them."""

from pathlib import PurePosixPath

import attrs
import yaml

from hack.gen import tree
from tests.kit.widget.family import WIDGET_FAMILY

TARGET = tree.Target(
    families=(WIDGET_FAMILY,), manifests=PurePosixPath("m"), docs=PurePosixPath("d")
)


def test_writing_twice_changes_nothing(tmp_path):
    """Generation is deterministic: the second run finds every file as it should be."""
    written = tree.write([TARGET], root=tmp_path)

    assert set(tree.files(TARGET)) == set(written)
    assert [] == tree.write([TARGET], root=tmp_path)
    assert tree.differences([TARGET], root=tmp_path) == ""


def test_an_edited_file_is_told_by_a_diff(tmp_path):
    """What somebody changed by hand is shown, and which way it should be."""
    tree.write([TARGET], root=tmp_path)
    place = tmp_path / "m/crd/widgets.test.pentad.dev.yaml"
    place.write_text(place.read_text().replace("maximum: 100\n", "maximum: 101\n"))

    difference = tree.differences([TARGET], root=tmp_path)

    assert "m/crd/widgets.test.pentad.dev.yaml (generated)" in difference
    assert "-                  maximum: 101\n+                  maximum: 100" in difference


def test_a_file_nothing_makes_any_more_is_removed(tmp_path):
    """A kind that left takes its files along; files by hand stay."""
    tree.write([TARGET], root=tmp_path)
    (tmp_path / "m/crd/notes.md").write_text("by hand\n")
    smaller = attrs.evolve(
        TARGET, families=(attrs.evolve(WIDGET_FAMILY, kinds=WIDGET_FAMILY.kinds[:1]),)
    )

    assert "gadgets.test.pentad.dev.yaml (on disk)" in tree.differences([smaller], root=tmp_path)
    tree.write([smaller], root=tmp_path)

    assert ["kustomization.yaml", "notes.md", "widgets.test.pentad.dev.yaml"] == sorted(
        path.name for path in (tmp_path / "m/crd").iterdir()
    )


def test_every_file_says_where_it_comes_from():
    """The first line names the command and the source; in JSON, its first member."""
    for path, text in tree.files(TARGET).items():
        line = text.splitlines()[1 if path.suffix == ".json" else 0]
        first = line.removeprefix("<!-- ").removeprefix("# ").removeprefix('  "description": "')

        assert first.startswith(f"{tree.MARK} from ")
        assert "do not edit." in first


def test_each_folder_can_be_applied_by_kustomize():
    """A kustomization lists exactly the files beside it; an empty folder has none."""
    files = tree.files(TARGET)
    parts = ("manager", "metrics-auth", "namespaced", "webhooks")
    roles = ("m/rbac", *(f"m/rbac/{name}" for name in parts))
    for folder in ("m/crd", *roles, "m/webhook"):
        beside = {path.name for path in files if path.parent == PurePosixPath(folder)}
        listed = yaml.safe_load(files[PurePosixPath(folder) / "kustomization.yaml"])["resources"]
        bases = {"manager", "webhooks"} if folder == "m/rbac" else set()

        assert beside - {"kustomization.yaml"} | bases == set(listed)
    empty = attrs.evolve(TARGET, families=(), runtime=False)
    assert ["d/README.md", "d/permissions.md"] == sorted(str(path) for path in tree.files(empty))
