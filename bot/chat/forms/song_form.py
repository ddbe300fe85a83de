"""The form that changes a request, and what was typed into it beside a refusal."""

from collections.abc import Iterator, Mapping, Sequence

import discord
from discord import app_commands

from bot.chat.messages import colours
from bot.chat.messages.buttons import button
from bot.chat.messages.choices import CHOICE_LIMIT, model_choices
from bot.chat.messages.rendered import Attachment, RenderedMessage
from bot.chat.text import labels
from bot.chat.text.formatting import in_credits, plain, playlist_page
from bot.domain.errors import (
    BlockedError,
    BudgetError,
    CapError,
    ChannelError,
    ChannelGoneError,
    ClipError,
    CreditsError,
    NotServedError,
    OutsideServerError,
    PausedError,
    PersonaError,
    RequestNotFoundError,
)
from bot.domain.models import find_model, model_name
from bot.domain.playlist_choice import SURPRISE, find_saved, last_used_first, search_key
from bot.domain.playlists import SavedPlaylist
from bot.domain.queue_errors import ClosedError
from bot.domain.song_form import PROMPT_LIMIT, WEIGHTS_LIMIT, SongForm, SongSource, weights_text
from bot.domain.song_options import SongOptions, parse_clip, parse_persona, parse_playlist_or_name
from bot.domain.songs import DetailsErasedError, SongNotFoundError, SongRemovedError
from bot.domain.suno_links import TEXT_LIMIT, UUID
from bot.services.requests.drafts import SongDraft

FORM = "song-form:"
"""Prefix of the forms' custom ids; `SongSource.key` follows."""
REOPEN = "song-form-again:"
"""The same of the buttons that open a form again."""
PLAYLIST, OTHER_PLAYLIST, PROMPT, MODEL, WEIGHTS = "playlist", "other", "prompt", "model", "weights"
"""The custom ids of the fields."""
PROMPT_FILE = "prompt.txt"
BEYOND_FORMS = (
    *(BlockedError, NotServedError, OutsideServerError, ChannelError, ChannelGoneError),
    *(PausedError, ClosedError, CreditsError, BudgetError, CapError),
    *(SongNotFoundError, SongRemovedError, DetailsErasedError, RequestNotFoundError),
)
"""Refusals that neither another form nor a minute changes: they last until somebody else decides, until
credits are renewed, or for good."""
MAX_OPTIONS = 25
"""The options of a select; Discord's limit."""
_FIELDS = {labels.FORM_PLAYLIST: PLAYLIST, labels.FORM_MODEL: MODEL, labels.FORM_WEIGHTS: WEIGHTS}
"""The fields of the embed that shows what was typed; its description is the prompt."""


def song_form(source: SongSource, draft: SongDraft, form: SongForm) -> discord.ui.Modal:
    """Build the form with these values in its fields; saved playlists and models are selects."""
    modal = discord.ui.Modal(
        title=f"{_title(source)} · {in_credits(draft.cost)}", custom_id=f"{FORM}{source.key}", timeout=None
    )
    for field in _playlist(draft, form):
        modal.add_item(field)
    prompt = discord.ui.TextInput[discord.ui.Modal](
        custom_id=PROMPT,
        style=discord.TextStyle.paragraph,
        required=False,
        default=form.prompt or None,
        max_length=PROMPT_LIMIT,
    )
    is_full = len(form.prompt) >= PROMPT_LIMIT
    hint = labels.FORM_PROMPT_FULL if is_full else None
    modal.add_item(_labelled(labels.FORM_PROMPT, prompt, description=hint))
    chosen = find_model(form.model, draft.models)
    models = [
        discord.SelectOption(label=plain(name, limit=CHOICE_LIMIT), value=code, default=code == chosen)
        for name, code in model_choices(draft.models, usual=draft.usual_model)
    ]
    modal.add_item(
        _labelled(labels.FORM_MODEL, discord.ui.Select[discord.ui.Modal](custom_id=MODEL, options=models))
    )
    weights = discord.ui.TextInput[discord.ui.Modal](
        custom_id=WEIGHTS,
        required=False,
        default=form.weights or None,
        placeholder=labels.FORM_WEIGHTS_EXAMPLE,
        max_length=WEIGHTS_LIMIT,
    )
    modal.add_item(_labelled(labels.FORM_WEIGHTS, weights, description=labels.FORM_WEIGHTS_HINT))
    return modal


def filled_in(data: Mapping[str, object]) -> SongForm:
    """Return what a submission has in the fields; one that it lacks is empty."""
    values = dict(_values(data))
    return SongForm(
        playlist=values.get(OTHER_PLAYLIST, "").strip() or values.get(PLAYLIST, ""),
        prompt=values.get(PROMPT, ""),
        model=values.get(MODEL, ""),
        weights=values.get(WEIGHTS, ""),
    )


def kept_form(source: SongSource | None, form: SongForm, error: Exception) -> RenderedMessage:
    """Build the message that keeps what was typed beside an error, with the button to edit it.

    There is no button without a source, nor where no form helps. A prompt that is too long for the form is in
    a file, too.
    """
    playlist, prompt = _linked(form.playlist), form.prompt[:PROMPT_LIMIT]
    embed = discord.Embed(title=labels.TYPED, description=prompt.strip() or None, colour=colours.LIST)
    for name, value in zip(_FIELDS, (playlist, model_name(form.model), form.weights), strict=True):
        if value.strip():
            embed.add_field(name=name, value=value)
    view = discord.ui.View(timeout=None)
    if source is not None and not isinstance(error, BEYOND_FORMS):
        view.add_item(button(labels.EDIT_AND_TRY, f"{REOPEN}{source.key}"))
    files = [Attachment(PROMPT_FILE, form.prompt.encode())] if form.prompt != prompt else []
    return RenderedMessage(embeds=[embed], view=view, attachments=files)


def kept_command(typed: app_commands.Namespace, error: Exception) -> RenderedMessage | None:
    """Build the message that keeps what was typed in a refused `/inspire`; None if nothing was.

    It has no button for a persona or a clip that is wrong, for which the form has no fields.
    """
    weights = weights_text(
        SongOptions(
            style_weight=typed.style_weight, audio_weight=typed.audio_weight, weirdness=typed.weirdness
        )
    )
    form = SongForm(
        playlist=typed.playlist or "", prompt=typed.prompt or "", model=typed.model or "", weights=weights
    )
    if form == SongForm():
        return None
    return kept_form(_new_song(typed), form, error)


def _new_song(typed: app_commands.Namespace) -> SongSource | None:
    """Return the source of a new song with the persona and the clip that were typed; None if one is wrong."""
    try:
        return SongSource(
            clip_id=parse_clip(typed.artist_clip) if typed.artist_clip else None,
            persona_id=parse_persona(typed.persona) if typed.persona else None,
        )
    except (ClipError, PersonaError):
        return None


def read_kept_form(message: discord.Message | None) -> SongForm:
    """Return what was typed from the message that keeps it."""
    embed = message.embeds[0] if message is not None and message.embeds else discord.Embed()
    values = {_FIELDS.get(field.name or ""): field.value or "" for field in embed.fields}
    playlist = values.get(PLAYLIST, "")
    named = parse_playlist_or_name(playlist)
    return SongForm(
        playlist=named if isinstance(named, str) else playlist,
        prompt=embed.description or "",
        model=values.get(MODEL, ""),
        weights=values.get(WEIGHTS, ""),
    )


def _title(source: SongSource) -> str:
    if source.request_id is not None:
        return labels.CHANGE
    return labels.SONG_LIKE_THIS if source.clip_id or source.playlist_id else labels.NEW_SONG


def _labelled(
    text: str, component: discord.ui.Item[discord.ui.Modal], *, description: str | None = None
) -> discord.ui.Label[discord.ui.Modal]:
    return discord.ui.Label(text=text, component=component, description=description)


def _playlist(draft: SongDraft, form: SongForm) -> Iterator[discord.ui.Label[discord.ui.Modal]]:
    """Build the fields for the playlist: a select if any are saved, else a text.

    Text that names no playlist is in a field of text, to be corrected there. Where a select has no room for
    all saved playlists, a field of text beside it takes the names of the others.
    """
    wanted = _wanted(draft.saved, form.playlist)
    if not draft.saved or not (wanted == SURPRISE or UUID.fullmatch(wanted)):
        field = discord.ui.TextInput[discord.ui.Modal](
            custom_id=PLAYLIST, default=_linked(form.playlist) or None, max_length=TEXT_LIMIT
        )
        hint = labels.FORM_PLAYLIST_HINT if draft.saved else None
        yield _labelled(labels.FORM_PLAYLIST, field, description=hint)
        return
    named = {one.playlist_id: one.name for one in last_used_first(draft.saved)}
    shown = {wanted: named.get(wanted, labels.FORM_SAME_PLAYLIST), SURPRISE: SURPRISE} | named
    shown[SURPRISE] = SURPRISE
    options = [
        discord.SelectOption(
            label=plain(name, limit=CHOICE_LIMIT), value=value[:CHOICE_LIMIT], default=value == wanted
        )
        for value, name in list(shown.items())[:MAX_OPTIONS]
    ]
    select = discord.ui.Select[discord.ui.Modal](custom_id=PLAYLIST, options=options)
    yield _labelled(labels.FORM_PLAYLIST, select)
    if left_out := len(shown) - len(options):
        other = discord.ui.TextInput[discord.ui.Modal](
            custom_id=OTHER_PLAYLIST, required=False, max_length=TEXT_LIMIT
        )
        hint = labels.other_playlist_hint(left_out)
        yield _labelled(labels.FORM_OTHER_PLAYLIST, other, description=hint)


def _wanted(saved: Sequence[SavedPlaylist], typed: str) -> str:
    """Return the id of the one playlist that was typed, `SURPRISE` if none was, else the text."""
    found = find_saved(saved, typed)
    if len(found) == 1:
        return found[0].playlist_id
    return typed if search_key(typed) not in {"", search_key(SURPRISE)} else SURPRISE


def _linked(playlist: str) -> str:
    """Return the link of a playlist that is given by its id, and other text as it is."""
    return playlist_page(playlist) if UUID.fullmatch(playlist) else playlist


def _values(data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the custom id and the value of each field of a submission, however deep it is."""
    custom_id, value, chosen = data.get("custom_id"), data.get("value"), data.get("values")
    if isinstance(chosen, list) and chosen:
        value = chosen[0]
    if isinstance(custom_id, str) and isinstance(value, str):
        yield custom_id, value
    parts = data.get("components")
    for part in [*(parts if isinstance(parts, list) else ()), data.get("component")]:
        if isinstance(part, dict):
            yield from _values(part)
