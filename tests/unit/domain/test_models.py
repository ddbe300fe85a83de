import pytest

from bot.domain.models import find_model, model_name, newest_model

MODELS = ("v55", "v50", "v45+", "v45", "v40", "chirp")


@pytest.mark.parametrize(
    ("code", "name"),
    [("v55", "v5.5"), ("v50", "v5"), ("v45+", "v4.5+"), ("v45", "v4.5"), ("v40", "v4"), ("v60-x", "v60-x")],
)
def test_a_model_has_the_name_that_members_know(code: str, name: str) -> None:
    assert model_name(code) == name


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("v55", "v55"),
        (" V5.5 ", "v55"),
        ("5.5", "v55"),
        ("v5", "v50"),
        ("4.5+", "v45+"),
        ("v4.5", "v45"),
        ("CHIRP", "chirp"),
        ("v99", None),
        ("", None),
    ],
)
def test_a_model_is_found_by_code_and_name(typed: str, code: str | None) -> None:
    assert find_model(typed, MODELS) == code


def test_the_newest_is_the_highest_version() -> None:
    assert newest_model(("v40", "v45", "v45+", "x")) == "v45+"
    assert newest_model(MODELS) == "v55"
    assert newest_model(("chirp",)) is None
