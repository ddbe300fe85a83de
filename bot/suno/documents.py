"""The provider's task document: every field of its page's response example.

All fields but a clip's id may be missing; empty texts count as missing; fields that nobody knows are kept.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from bot.suno.fields import (
    Flag,
    Identifier,
    Number,
    ProviderTime,
    SunoTime,
    Text,
    Whole,
    Words,
    identifier,
    mapping,
    unpacked,
)


class Document(BaseModel):
    """A part of a reply that never fails to be read."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)


class BadgeColours(Document):
    """How a badge is painted, as hexadecimal RGB or RGBA without a hash sign."""

    text_color: Text = None
    """Of the letters."""
    border_color: Text = None
    """Of the frame."""
    background_color: Text = None
    """Of the ground."""


class Badge(Document):
    """A model's badge in one place of Suno's pages."""

    dark: Annotated[BadgeColours | None, BeforeValidator(mapping)] = None
    """On a dark page."""
    light: Annotated[BadgeColours | None, BeforeValidator(mapping)] = None
    """On a light page."""
    display_name: Text = None
    """The model's name as people see it, for example `v5`."""


class ModelBadges(Document):
    """The badges of the model that made a clip."""

    songrow: Annotated[Badge | None, BeforeValidator(mapping)] = None
    """In a list of songs."""
    songcard: Annotated[Badge | None, BeforeValidator(mapping)] = None
    """On a song's card."""


class ControlSliders(Document):
    """The weights that were in force, each 0..1."""

    audio_weight: Number = None
    """How much the original audio counts."""
    style_weight: Number = None
    """How closely the clip sticks to the style."""
    weirdness_constraint: Number = None
    """How bold the clip may be."""


class ClipMetadata(Document):
    """How a clip was made and what it is like."""

    tags: Words = ()
    """The style, in parts; the provider sends one text with commas, or a list."""
    type: Text = None
    """How it came to be; `gen` on the page."""
    prompt: Text = None
    """The words that are sung."""
    stream: Flag = None
    """Whether it could be heard while it was being made."""
    duration: Number = None
    """Seconds."""
    has_stem: Flag = None
    """Whether its voices exist as separate files."""
    is_remix: Flag = None
    """Whether it was made from another clip."""
    priority: Whole = None
    """Suno's own rank in its line."""
    can_remix: Flag = None
    """Whether other clips may be made from it."""
    model_badges: Annotated[ModelBadges | None, BeforeValidator(mapping)] = None
    """Missing on the second clip of the page's example."""
    negative_tags: Words = ()
    """The style that was to be avoided, in parts."""
    refund_credits: Flag = None
    """Whether Suno gave the credits back."""
    control_sliders: Annotated[ControlSliders | None, BeforeValidator(mapping)] = None
    """The weights that were in force."""
    make_instrumental: Flag = None
    """Whether it is without a voice."""
    uses_latest_model: Flag = None
    """Whether Suno had no newer model."""
    error_type: Text = None
    """What kind of failure it was, for example `moderation_failure`; not on the page."""
    error_message: Text = None
    """Suno's words about the failure; not on the page."""


class ClipDocument(Document):
    """One clip of a task's result."""

    id: Annotated[str, BeforeValidator(identifier)]
    """Suno's id of the clip."""
    title: Text = None
    """The song's title; both clips of a task have the same."""
    handle: Text = None
    """The handle of the Suno account that made it."""
    status: Text = None
    """Suno's word for where the clip is; not the vocabulary of a task's status."""
    user_id: Identifier = None
    """The Suno account that made it."""
    explicit: Flag = None
    """Whether its words are marked as explicit."""
    has_hook: Flag = None
    """Whether Suno has cut a hook from it."""
    is_liked: Flag = None
    """Whether that account likes it."""
    metadata: Annotated[ClipMetadata | None, BeforeValidator(mapping)] = None
    """How it was made and what it is like."""
    audio_url: Text = None
    """The audio; not final while the clip is streaming."""
    image_url: Text = None
    """The cover."""
    is_public: Flag = None
    """Whether strangers may see its page at Suno."""
    video_url: Text = None
    """Empty on the page."""
    created_at: SunoTime = None
    """When Suno began it."""
    flag_count: Whole = None
    """How often it was reported."""
    is_trashed: Flag = None
    """Whether that account threw it away."""
    model_name: Text = None
    """Suno's internal name of the model, for example `chirp-crow`."""
    play_count: Whole = None
    """How often it was played."""
    batch_index: Whole = None
    """Its place among the clips of the task, from 0."""
    entity_type: Text = None
    """`song_schema` on the page."""
    display_name: Text = None
    """The name of the Suno account that made it."""
    upvote_count: Whole = None
    """How often it was liked."""
    comment_count: Whole = None
    """How often it was commented on."""
    allow_comments: Flag = None
    """Whether it may be commented on."""
    image_large_url: Text = None
    """The cover in a larger size."""
    is_contest_clip: Flag = None
    """Whether it takes part in a contest."""
    avatar_image_url: Text = None
    """The picture of the Suno account that made it."""
    is_handle_updated: Flag = None
    """Whether that account chose its handle itself."""
    major_model_version: Text = None
    """The model's name as people see it, for example `v5`."""


class CamelDocument(Document):
    """A part of a reply that the provider itself names, in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


class EchoedParam(CamelDocument):
    """What was ordered, as the provider has it; on its page it is another task's, so nothing relies on it."""

    task: Text = None
    """The kind of task; `create` on the page of `inspiration`."""
    model: Text = None
    """The provider's internal name of the model, for example `chirp-v50`."""
    custom_mode: Flag = None
    """Whether the words were given rather than described."""
    make_instrumental: Flag = None
    """Whether no voice was wanted."""
    prompt: Text = None
    """The words that were given."""
    tags: Words = ()
    """The style that was wanted, in parts."""
    negative_tags: Words = ()
    """The style that was to be avoided, in parts."""
    title: Text = None
    """The title that was wanted."""
    vocal_gender: Text = None
    """The voice that was wanted; `f` on the page."""
    style_weight: Number = None
    """0..1."""
    weirdness_constraint: Number = None
    """0..1."""
    audio_weight: Number = None
    """0..1."""


def _clip_entries(value: object) -> list[dict[str, object]]:
    """The entries of a result that can be told apart by an id; a result may be missing, null or a text."""
    value = unpacked(value)
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and identifier(entry.get("id"))]


class TaskDocument(CamelDocument):
    """The `data` of an answer about a task."""

    id: Identifier = None
    """The task's id: 32 hexadecimal digits, or an integer for older tasks."""
    task_type: Text = None
    """The kind of task; `create` on the page of `inspiration`, so nothing relies on it."""
    status: Text = None
    """The provider's word for where the task is; not the vocabulary of a clip's status."""
    error_msg: Text = None
    """Why it failed."""
    param: Annotated[EchoedParam | None, BeforeValidator(mapping)] = None
    """What was ordered, as the provider remembers it."""
    result: Annotated[tuple[ClipDocument, ...], BeforeValidator(_clip_entries)] = ()
    """The clips, as listed; it fills while the task is running."""
    create_time: ProviderTime = None
    """When the task was accepted, by the provider's clock."""
    complete_time: ProviderTime = None
    """When the task ended, by the provider's clock."""
