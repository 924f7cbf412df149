"""The one error of the generators: which type, which field, what is wrong, what to write instead.

A generator that prints a doubtful schema is worse than one that stops: the API server would refuse
it later and farther away from the line that has to change.
"""


class GenerationError(Exception):
    """A type or registration that cannot be generated from; `where` leads to the line to change."""

    def __init__(self, where: object, problem: str, *, remedy: str) -> None:
        super().__init__(f"{where}: {problem}; {remedy}")
        self.where = str(where)
        self.problem = problem
        self.remedy = remedy
