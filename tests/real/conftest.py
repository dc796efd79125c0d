"""What real files must give, compared and told in a table at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Line = tuple[str, str, float, float, float]
LINES = pytest.StashKey[list[Line]]()
Compare = Callable[..., None]


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    """Compare a value of a file with the one that it must give, and keep both for the table."""
    lines = request.config.stash.setdefault(LINES, [])

    def compared(
        file: str, what: str, expected: float, got: float | None, tolerance: float = 1e-3
    ) -> None:
        assert got is not None, f"{file}: {what} is missing"
        lines.append((file, what, expected, got, tolerance))
        assert abs(got - expected) <= tolerance * abs(expected), f"{file}: {what}"

    return compared


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    lines = config.stash.get(LINES, [])
    if not lines:
        return
    terminalreporter.section("real files: expected and got")
    for file, what, expected, got, tolerance in lines:
        apart = (got - expected) / expected
        terminalreporter.line(
            f"{file[:34]:34} {what[:40]:40} {expected:12.6g} {got:12.6g} {apart:+9.4%} "
            f"(at most {tolerance:.1%})"
        )
