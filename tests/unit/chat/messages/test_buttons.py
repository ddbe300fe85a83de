import discord
import pytest

from bot.chat.buttons import BUTTONS
from bot.chat.delivery.song_menu import removal_question, song_menu
from bot.chat.messages.buttons import (
    Button,
    approval_buttons,
    button,
    cancel_button,
    delete_data_button,
    heart_buttons,
    more_button,
    song_buttons,
    try_again_button,
)
from bot.chat.messages.rendered import RenderedMessage
from bot.domain.songs import UNLOVED
from tests.unit.chat.factories import REQUEST, result


def _own_buttons(message: RenderedMessage) -> list[Button]:
    return [item for item in message.view.children if isinstance(item, discord.ui.Button)]


SHOWN = [
    cancel_button(REQUEST),
    cancel_button(REQUEST, "0af1"),
    try_again_button(REQUEST, 30),
    *song_buttons(REQUEST, 30),
    more_button(REQUEST, 2, 1_000_000),
    button("Again", f"again:{REQUEST}"),
    button("More like clip 1", f"more:{REQUEST}:1"),
    button("Remove", f"remove:{REQUEST}"),
    *_own_buttons(song_menu(result(), 5, is_own=True, is_moderator=False)),
    *_own_buttons(song_menu(result(), 5, is_own=False, is_moderator=True)),
    *_own_buttons(removal_question(result(), 5, is_own=True)),
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
