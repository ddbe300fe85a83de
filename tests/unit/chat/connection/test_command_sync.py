from collections.abc import Callable
from typing import Any

import pytest

from bot.chat.connection.command_sync import are_same

Command = dict[str, Any]
WEIGHT = {"type": 10, "name": "weight", "description": "How much", "required": False, "min_value": 0.0}
CHOICES = [{"name": "v5", "value": "v5"}, {"name": "v4", "value": "v4"}]
MODEL = {
    "type": 3,
    "name": "model",
    "description": "Which",
    "required": True,
    "choices": CHOICES,
    "autocomplete": False,
}


def ours() -> Command:
    """A command as discord.py sends it."""
    return {
        "type": 1,
        "name": "inspire",
        "description": "Make a song.",
        "options": [MODEL, WEIGHT],
        "nsfw": False,
        "dm_permission": True,
        "default_member_permissions": 32,
        "contexts": [0],
        "integration_types": [0],
    }


def theirs() -> Command:
    """The same as Discord gives it back."""
    added = {"name_localizations": None, "description_localizations": None}
    model = {name: value for name, value in MODEL.items() if name != "autocomplete"} | added
    return (
        ours()
        | added
        | {
            "id": "1",
            "application_id": "2",
            "version": "3",
            "default_member_permissions": "32",
            "options": [
                model,
                {"type": 10, "name": "weight", "description": "How much", "min_value": 0, **added},
            ],
            "name_localized": "inspire",
            "something_new": {"a": 1},
        }
    )


def without(*names: str) -> Command:
    return {name: value for name, value in theirs().items() if name not in names}


def with_option(number: int, **change: object) -> Command:
    options = [dict(option) for option in theirs()["options"]]
    options[number] |= change
    return theirs() | {"options": options}


@pytest.mark.parametrize(
    "told",
    [
        theirs,
        lambda: without("nsfw", "dm_permission"),
        lambda: with_option(0, autocomplete=False, options=[], channel_types=[]),
        lambda: with_option(1, required=False, min_value=0),
    ],
)
def test_what_discord_adds_or_leaves_out_makes_no_difference(told: Callable[[], Command]) -> None:
    assert are_same([told()], [ours()])


@pytest.mark.parametrize(
    "told",
    [
        lambda: theirs() | {"description": "Make a hit."},
        lambda: theirs() | {"name": "compose"},
        lambda: theirs() | {"default_member_permissions": None},
        lambda: theirs() | {"contexts": [0, 1]},
        lambda: theirs() | {"contexts": None},
        lambda: theirs() | {"integration_types": [0, 1]},
        lambda: theirs() | {"nsfw": True},
        lambda: theirs() | {"options": theirs()["options"][::-1]},
        lambda: theirs() | {"options": theirs()["options"][:1]},
        lambda: with_option(0, choices=[{"name": "v5", "value": "v5"}]),
        lambda: with_option(0, choices=[{"name": "v6", "value": "v5"}, {"name": "v4", "value": "v4"}]),
        lambda: with_option(0, required=False),
        lambda: with_option(0, autocomplete=True),
        lambda: with_option(1, min_value=None),
        lambda: with_option(1, max_value=1),
        lambda: theirs() | {"description_localizations": {"de": "Mach einen Song."}},
        lambda: with_option(0, description_localizations={"de": "Welches"}),
        lambda: with_option(0, choices=[{**one, "name_localizations": {"de": "x"}} for one in CHOICES]),
        lambda: with_option(1, type=4),
    ],
)
def test_what_a_member_would_notice_makes_a_difference(told: Callable[[], Command]) -> None:
    assert not are_same([told()], [ours()])


def test_commands_in_another_order_are_the_same_and_one_more_or_less_is_not() -> None:
    other = ours() | {"name": "credits"}
    assert are_same([theirs(), theirs() | {"name": "credits"}], [other, ours()])
    assert not are_same([theirs()], [other, ours()])
    assert not are_same([theirs(), theirs() | {"name": "credits"}], [ours()])
    assert not are_same([], [ours()])


def test_the_command_that_discord_makes_for_an_activity_is_left_out() -> None:
    assert are_same([theirs(), {"type": 4, "name": "launch", "handler": 2}], [ours()])


def test_a_message_command_has_no_description() -> None:
    like_this = {"type": 3, "name": "Song like this", "contexts": [0], "integration_types": [0]}
    assert are_same([like_this | {"id": "1", "description": "", "options": []}], [like_this])
