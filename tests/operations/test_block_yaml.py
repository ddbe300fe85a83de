from pathlib import Path

import pytest

from tests.operations.block_yaml import document

TEXT = """\
# a comment
a: 1 # another
"b": "x # y"
c:
- d: [e, 'f', 7]
  g: |
    two
    # lines
- h
i: >-
  one
  line
j:
  k:
l: true
"""


def test_blocks_and_scalars_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    assert document(tmp_path / "a.yaml") == {
        "a": 1,
        "b": "x # y",
        "c": [{"d": ["e", "f", 7], "g": "two\n# lines"}, "h"],
        "i": "one line",
        "j": {"k": None},
        "l": True,
    }


@pytest.mark.parametrize(
    "text", ["a: &b 1", "a: {b: c}", "a: 1\na: 2", "a:\tb", "- a", "a: 1\n  b: 2", "a: !t b"]
)
def test_what_it_does_not_know_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"not understood|no pair"):
        document(tmp_path / "a.yaml")
