"""The page of the negative matrix is complete, and is what the tests are (security.md 8.2)."""

import subprocess
import sys

from tests.negative_matrix import DOCUMENT, ROOT, Gathered, lines_of, problems, render
from tests.support.negative_lines import LINES


def test_every_line_has_a_test_and_the_page_is_current() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "tests.negative_matrix", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (checked.returncode, checked.stderr.strip()) == (0, "")


def test_a_test_belongs_to_the_line_its_parameter_names_before_the_one_in_its_name() -> None:
    assert lines_of("a.py::test_neg_par_12_get[NEG-PAR-03-empty]") == {"NEG-PAR-03"}
    assert lines_of("a.py::test_neg_any_01_and_neg_any_02_long") == {"NEG-ANY-01", "NEG-ANY-02"}
    assert lines_of("a.py::test_neg_par_12_get[GET]") == {"NEG-PAR-12"}
    assert lines_of("a.py::test_something_else[x]") == set()


def test_a_line_without_test_a_test_without_line_and_an_old_page_are_named() -> None:
    gathered = Gathered()
    gathered.cases.update([*list(LINES)[1:], "NEG-XYZ-99"])
    found = problems(gathered, "an old page")
    assert f"{next(iter(LINES))} has no test" in found
    assert "NEG-XYZ-99 is no line of the matrix" in found
    assert any(DOCUMENT.name in problem for problem in found)
    assert "passed (0)" in render(gathered)
