"""A finding about a code, raised as the refusal of the form field that holds the code."""

from __future__ import annotations

from collections.abc import Iterable

from listings.errors import DomainError, Refused, Several
from listings.identity.problems import Problem, Severity


class CodeRefused(Refused):
    """A code that cannot be an identity; its sentence is that of the problem found in it."""

    def __init__(self, field: str, problem: Problem) -> None:
        super().__init__(field, **problem.values)
        self.problem = problem
        self.message = problem.message  # type: ignore[misc]  # each problem has its own sentence


def refuse_errors(field: str, problems: Iterable[Problem]) -> None:
    """Raise the errors among the problems, all at once; warnings pass."""
    errors: list[DomainError] = [
        CodeRefused(field, problem) for problem in problems if problem.severity is Severity.ERROR
    ]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Several(errors)
