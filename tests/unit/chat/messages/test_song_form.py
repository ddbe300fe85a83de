"""The form that changes a request."""

import discord
import pytest

from bot.chat.forms.song_form import song_form
from bot.chat.text import labels
from bot.domain.song_form import PROMPT_LIMIT, SongForm, SongSource
from bot.services.requests.drafts import SongDraft
from tests.unit.chat.factories import PLAYLIST, REQUEST


@pytest.mark.parametrize("length", [PROMPT_LIMIT - 1, PROMPT_LIMIT])
def test_a_prompt_that_fills_its_field_is_said_to_be_cut(length: int) -> None:
    form = SongForm(playlist=PLAYLIST, prompt="x" * length, model="v55", weights="")
    draft = SongDraft(form=form, saved=(), models=("v55",), usual_model="v55", cost=30)
    modal = song_form(SongSource(request_id=REQUEST), draft, form)
    hints = [one.description for one in modal.children if isinstance(one, discord.ui.Label)]
    assert (labels.FORM_PROMPT_FULL in hints) is (length == PROMPT_LIMIT)
