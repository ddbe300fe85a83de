import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
NAME = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
LONGEST = 79


def test_the_name_of_a_test_is_a_sentence_that_fits_on_a_line() -> None:
    names = [name for path in TESTS.rglob("*.py") for name in NAME.findall(path.read_text(encoding="utf-8"))]
    assert len(names) > 1000
    assert [name for name in names if len(name) > LONGEST] == []
