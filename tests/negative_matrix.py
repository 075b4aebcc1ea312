"""Writes ``docs/negative-matrix.md``: each line of security.md 8.2, both sides, its tests, and what came of them.

``python -m tests.negative_matrix`` runs the tests and writes; ``--check`` only collects them, and says what is missing or
out of date. A test belongs to the lines that its id names: ``NEG-PAR-03-empty`` as a parameter, ``neg_par_12`` in a name.
"""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

import pytest

from tests.support.negative_lines import LINES

ROOT: Final = Path(__file__).parent.parent
DOCUMENT: Final = ROOT / "docs" / "negative-matrix.md"
MATRIX: Final = (
    ROOT / "tests" / "gateway" / "oidc" / "matrix",
    ROOT / "tests" / "providers" / "oidc" / "test_client_matrix.py",
)
"""Both sides: towards relying parties, and as a client of providers."""
_LINE: Final = re.compile(r"neg[-_]([a-z]{3})[-_](\d\d)", re.IGNORECASE)
_HEAD: Final = """# The negative matrix

Every line of the negative matrix for OpenID Connect: what a relying party, or somebody who pretends to be one, must not
get through with; what a provider (`NEG-CLI`) must not, when the gateway is its client; and the few things beside them
that must be accepted. Made by `make matrix`; a test fails when a line has no test, or when this page is not what the
tests are.

| Id | Line | Tests | Result |
|---|---|---|---|
"""


class Gathered:
    """A pytest plugin that keeps which tests there are, and how they ended."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = defaultdict(set)
        self.cases: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for line in lines_of(item.nodeid):
                self.tests[line].add(f"{item.path.name}::{item.nodeid.split('::')[-1].split('[')[0]}")
                self.cases[line] += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.update(lines_of(report.nodeid))


def lines_of(nodeid: str) -> set[str]:
    """Give the lines that a test's id names; where its parameter names one, that alone counts."""
    name, _, parameters = nodeid.rsplit("::", maxsplit=1)[-1].partition("[")
    found = _LINE.findall(parameters) or _LINE.findall(name)
    return {f"NEG-{chapter.upper()}-{number}" for chapter, number in found}


def gather(*options: str) -> Gathered:
    """Collect the matrix, or run it."""
    gathered = Gathered()
    pytest.main(
        [*map(str, MATRIX), "-q", "--no-header", "-p", "no:cacheprovider", "-n", "0", *options], plugins=[gathered]
    )
    return gathered


def render(gathered: Gathered) -> str:
    """Make the page."""
    rows = [
        f"| {line} | {text} | {'<br>'.join(f'`{test}`' for test in sorted(gathered.tests[line]))} "
        f"| {_result(gathered, line)} |"
        for line, text in LINES.items()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _result(gathered: Gathered, line: str) -> str:
    cases, failed = gathered.cases[line], gathered.failed[line]
    return f"{failed} of {cases} failed" if failed else f"passed ({cases})"


def problems(gathered: Gathered, page: str) -> list[str]:
    """Say what is wrong: lines without a test, tests without a line, a page that is out of date."""
    found = [f"{line} has no test" for line in LINES if not gathered.cases[line]]
    found += [f"{line} is no line of the matrix" for line in sorted(set(gathered.cases) - set(LINES))]
    found += [f"{line} failed" for line in sorted(gathered.failed)]
    if page != render(gathered):
        found.append(f"{DOCUMENT.name} is out of date; run: make matrix")
    return found


def main() -> int:
    """Write the page, or check it."""
    checks = "--check" in sys.argv
    gathered = gather("--collect-only") if checks else gather()
    if not checks:
        DOCUMENT.write_text(render(gathered), encoding="utf-8")
    found = problems(gathered, DOCUMENT.read_text(encoding="utf-8"))
    print("\n".join(found), file=sys.stderr)  # noqa: T201 - the report of a script
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
