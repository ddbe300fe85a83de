"""The provider's task document: every field of the response example in its documentation ("the page").

All fields but a clip's id are optional; empty texts count as missing; unknown fields are kept.
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
    """A part of a reply; unusable values count as missing, so that parsing never fails."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)


class BadgeColours(Document):
    """The colours of a badge, as hexadecimal RGB or RGBA without a hash sign."""

    text_color: Text = None
    """The colour of the text."""
    border_color: Text = None
    """The colour of the border."""
    background_color: Text = None
    """The colour of the background."""


class Badge(Document):
    """A model's badge in one place on Suno's website."""

    dark: Annotated[BadgeColours | None, BeforeValidator(mapping)] = None
    """In dark mode."""
    light: Annotated[BadgeColours | None, BeforeValidator(mapping)] = None
    """In light mode."""
    display_name: Text = None
    """The model's display name, for example `v5`."""


class ModelBadges(Document):
    """The badges of the model that made a clip."""

    songrow: Annotated[Badge | None, BeforeValidator(mapping)] = None
    """In a list of songs."""
    songcard: Annotated[Badge | None, BeforeValidator(mapping)] = None
    """On a song's card."""


class ControlSliders(Document):
    """The weights that were applied, each 0..1."""

    audio_weight: Number = None
    """The weight of the original audio."""
    style_weight: Number = None
    """The weight of the style."""
    weirdness_constraint: Number = None
    """How unusual the clip can be."""


class ClipMetadata(Document):
    """A clip's properties, and how it was generated."""

    tags: Words = ()
    """The style tags; the provider sends one text with commas, or a list."""
    type: Text = None
    """The kind of generation; `gen` on the page."""
    prompt: Text = None
    """The lyrics."""
    stream: Flag = None
    """Whether it could be streamed during generation."""
    duration: Number = None
    """Seconds."""
    has_stem: Flag = None
    """Whether its stems exist as separate files."""
    is_remix: Flag = None
    """Whether it is a remix of another clip."""
    priority: Whole = None
    """The priority in Suno's queue."""
    can_remix: Flag = None
    """Whether it can be remixed."""
    model_badges: Annotated[ModelBadges | None, BeforeValidator(mapping)] = None
    """Missing on the second clip of the page's example."""
    negative_tags: Words = ()
    """The style tags to avoid."""
    refund_credits: Flag = None
    """Whether Suno refunded the credits."""
    control_sliders: Annotated[ControlSliders | None, BeforeValidator(mapping)] = None
    """The weights that were applied."""
    make_instrumental: Flag = None
    """Whether it has no vocals."""
    uses_latest_model: Flag = None
    """Whether it was generated with Suno's latest model."""
    error_type: Text = None
    """The kind of failure, for example `moderation_failure`; not on the page."""
    error_message: Text = None
    """Suno's words about the failure; not on the page."""


class ClipDocument(Document):
    """One clip of a task's result."""

    id: Annotated[str, BeforeValidator(identifier)]
    """Suno's id of the clip."""
    title: Text = None
    """The song's title; the same for both clips of a task."""
    handle: Text = None
    """The handle of the Suno account that created it."""
    status: Text = None
    """Suno's word for the clip's stage; not the vocabulary of a task's status."""
    user_id: Identifier = None
    """The id of the Suno account that created it."""
    explicit: Flag = None
    """Whether its lyrics are marked as explicit."""
    has_hook: Flag = None
    """Whether Suno has extracted a hook from it."""
    is_liked: Flag = None
    """Whether that account likes it."""
    metadata: Annotated[ClipMetadata | None, BeforeValidator(mapping)] = None
    """How it was generated, and its properties."""
    audio_url: Text = None
    """The URL of the audio; not final while the clip is streaming."""
    image_url: Text = None
    """The URL of the cover."""
    is_public: Flag = None
    """Whether its page on Suno's website is public."""
    video_url: Text = None
    """The URL of the video; empty on the page."""
    created_at: SunoTime = None
    """When Suno created it."""
    flag_count: Whole = None
    """How often it was reported."""
    is_trashed: Flag = None
    """Whether that account moved it to the trash."""
    model_name: Text = None
    """Suno's internal name of the model, for example `chirp-crow`."""
    play_count: Whole = None
    """How often it was played."""
    batch_index: Whole = None
    """Its index among the clips of the task, from 0."""
    entity_type: Text = None
    """The kind of document; `song_schema` on the page."""
    display_name: Text = None
    """The display name of the Suno account that created it."""
    upvote_count: Whole = None
    """How often it was liked."""
    comment_count: Whole = None
    """How often it was commented on."""
    allow_comments: Flag = None
    """Whether it can be commented on."""
    image_large_url: Text = None
    """The URL of the cover in a larger size."""
    is_contest_clip: Flag = None
    """Whether it takes part in a contest."""
    avatar_image_url: Text = None
    """The URL of that account's avatar."""
    is_handle_updated: Flag = None
    """Whether that account has changed its handle."""
    major_model_version: Text = None
    """The model's display name, for example `v5`."""


class CamelDocument(Document):
    """A part of a reply with the provider's own field names, in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


class EchoedParam(CamelDocument):
    """The request as the provider echoes it; unused, because the page shows another kind of task's."""

    task: Text = None
    """The kind of task; `create` on the page of `inspiration`."""
    model: Text = None
    """The provider's internal name of the model, for example `chirp-v50`."""
    custom_mode: Flag = None
    """Whether the lyrics were given instead of a description."""
    make_instrumental: Flag = None
    """Whether vocals were turned off."""
    prompt: Text = None
    """The lyrics or description."""
    tags: Words = ()
    """The requested style tags."""
    negative_tags: Words = ()
    """The style tags to avoid."""
    title: Text = None
    """The requested title."""
    vocal_gender: Text = None
    """The requested voice; `f` on the page."""
    style_weight: Number = None
    """0..1."""
    weirdness_constraint: Number = None
    """0..1."""
    audio_weight: Number = None
    """0..1."""


def _clip_entries(value: object) -> list[dict[str, object]]:
    """Return the entries of a result that have an id; the result may be missing, null or JSON text."""
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
    """The provider's word for the task's stage; not the vocabulary of a clip's status."""
    error_msg: Text = None
    """The reason of a failure."""
    param: Annotated[EchoedParam | None, BeforeValidator(mapping)] = None
    """The request as the provider echoes it."""
    result: Annotated[tuple[ClipDocument, ...], BeforeValidator(_clip_entries)] = ()
    """The clips, as listed; clips are added while the task is running."""
    create_time: ProviderTime = None
    """When the task was accepted, by the provider's clock."""
    complete_time: ProviderTime = None
    """When the task ended, by the provider's clock."""
