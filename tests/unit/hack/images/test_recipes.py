"""What a recipe's key depends on, and what a target takes of its context."""

import attrs
import pytest

from hack.cluster.errors import UsageError
from hack.images.recipes import PYTHON, RECIPES, Recipe, copied, find

DOCKERFILE = """\
ARG BASE=x
FROM ${BASE} AS build
COPY lock /
# COPY nothing /
COPY one \\
    two /image/
FROM ${BASE} AS first
COPY --from=build /image /image
FROM ${BASE} AS second
COPY --chown=1:1 three /
FROM ${BASE} AS third
COPY --from=elsewhere.test/image:1 /x /x
"""


@pytest.fixture
def recipe(tmp_path):
    """Return a recipe whose files may be changed."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "x.py").write_text("x = 1")
    return Recipe(name="second", base=PYTHON, dockerfile=tmp_path / "Dockerfile", context=tmp_path)


@pytest.mark.parametrize(
    ("target", "expected"),
    [("first", {"lock", "one", "two"}), ("second", {"three"}), ("third", set())],
)
def test_a_target_takes_what_its_stages_copy(target, expected):
    """Through the stages it copies from, and no others."""
    assert expected == copied(DOCKERFILE, target)


def test_a_key_is_the_same_for_the_same_files(recipe):
    """What is compiled beside them does not count."""
    before = recipe.key
    compiled = recipe.context / "three" / "__pycache__"
    compiled.mkdir()
    (compiled / "x.pyc").write_bytes(b"x")

    assert before == recipe.key


def change_source(recipe):
    """Change what is copied."""
    (recipe.context / "three" / "x.py").write_text("x = 2")
    return recipe


def rename_source(recipe):
    """Keep all bytes, and put them elsewhere."""
    (recipe.context / "three" / "x.py").rename(recipe.context / "three" / "y.py")
    return recipe


def change_dockerfile(recipe):
    """Change a step."""
    recipe.dockerfile.write_text(DOCKERFILE + "USER 1\n")
    return recipe


def change_base(recipe):
    """Ask for one more package."""
    base = attrs.evolve(PYTHON, packages=(*PYTHON.packages, "curl"))
    return attrs.evolve(recipe, base=base)


@pytest.mark.parametrize("change", [change_source, rename_source, change_dockerfile, change_base])
def test_a_key_follows_all_that_goes_in(recipe, change):
    """Whatever changes the image changes its key."""
    before = recipe.key

    assert before != change(recipe).key


def test_links_of_a_base_go_into_its_key():
    """They are files of the image."""
    assert PYTHON.key != attrs.evolve(PYTHON, links={}).key


@pytest.mark.parametrize("name", RECIPES)
def test_every_source_is_there(name):
    """What the Dockerfiles copy is in the tree."""
    recipe = find(name)

    for source in copied(recipe.dockerfile.read_text(), name):
        assert (recipe.context / source).exists()


def test_an_unknown_image_is_answered_with_those_there_are():
    """A typing error is told with the remedy."""
    with pytest.raises(UsageError, match="penin-service"):
        find("penin")
