import pytest

from bot.chat.buttons import BUTTONS
from bot.chat.messages.buttons import (
    Button,
    again_button,
    approval_buttons,
    cancel_button,
    delete_data_button,
    heart_buttons,
    song_buttons,
)
from bot.domain.songs import UNLOVED
from tests.unit.chat.factories import REQUEST

SHOWN = [
    cancel_button(REQUEST),
    cancel_button(REQUEST, "0af1"),
    again_button(REQUEST),
    *song_buttons(REQUEST, [1, 2]),
    *heart_buttons(REQUEST, 2, UNLOVED),
    *approval_buttons(REQUEST),
    delete_data_button(),
]


@pytest.mark.parametrize("button", SHOWN, ids=lambda button: button.custom_id)
def test_a_press_of_each_button_has_one_handler(button: Button) -> None:
    matches = [kind.__discord_ui_compiled_template__.fullmatch(str(button.custom_id)) for kind in BUTTONS]
    (match,) = filter(None, matches)
    assert match.groupdict().get("request_id", str(REQUEST)) == str(REQUEST)
    assert not button.is_dispatchable()
