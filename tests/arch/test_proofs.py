"""Every known bug has its test, and the page that lists them is right."""

from tests.arch import proofs


def test_every_number_has_a_test():
    """T01 to T50, T36b to T36e: none is without a test named after it."""
    tests = proofs.found()

    assert [] == [number for number in proofs.NUMBERS if number not in tests]
    assert set() == tests.keys() - set(proofs.NUMBERS), "tests named after what is no number"


def test_every_number_says_what_it_promises():
    """The page has each number once, in order, with a promise in words."""
    promises = proofs.promises(proofs.PAGE.read_text())

    assert list(proofs.NUMBERS) == list(promises)
    assert [] == [number for number, promise in promises.items() if len(promise.split()) < 5]


def test_the_page_names_the_tests_there_are():
    """Written by `python -m tests.arch.proofs`, which has to be run again."""
    text = proofs.PAGE.read_text()

    assert proofs.completed(text) == text, "run: python -m tests.arch.proofs"
