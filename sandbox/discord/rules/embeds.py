"""Discord's rules for embeds (reference, "Embed Limits"): blanks around texts do not count."""

from datetime import datetime

from sandbox.discord.payloads import entries, entry, text
from sandbox.discord.rules.forms import Form

MAX_EMBEDS = 10
MAX_CHARACTERS = 6000
"""Over title, description, field names and values, footer and author of all embeds of a message."""
EMBED_FIELDS = frozenset(
    {"type", "url", "title", "color", "timestamp", "description", "author", "image", "thumbnail"}
    | {"footer", "fields", "provider", "video", "flags"}
)
MEDIA_FIELDS = frozenset({"url", "proxy_url", "width", "height", "content_type", "description", "flags"})
MEDIA_FIELDS_SEEN = MEDIA_FIELDS | {"placeholder", "placeholder_version", "is_animated"}
"""What a client sends back of an image that Discord has described to it."""
MEDIA_SCHEMES = ("http", "https", "attachment")


def check_embeds(form: Form) -> None:
    """Check that the `embeds` of a message keep every limit; note those that do not in the form."""
    total = 0
    for embed in form.forms("embeds", most=MAX_EMBEDS):
        _check_embed(embed)
        total += embed_characters(embed.payload)
    if total > MAX_CHARACTERS:
        message = f"Embed size exceeds maximum size of {MAX_CHARACTERS}"
        form.refuse("embeds", code="MAX_EMBED_SIZE_EXCEEDED", message=message)


def embed_characters(embed: dict[str, object]) -> int:
    """Return how many characters of an embed count towards the sum."""
    counted = [text(embed, "title"), text(embed, "description")]
    counted += [text(entry(embed, "footer"), "text"), text(entry(embed, "author"), "name")]
    for field in entries(embed, "fields"):
        counted += [text(field, "name"), text(field, "value")]
    return sum(len(each.strip()) for each in counted)


def _check_embed(embed: Form) -> None:
    embed.only(EMBED_FIELDS)
    embed.trimmed("title", most=256)
    embed.trimmed("description", most=4096)
    embed.integer("color", least=0, most=0xFFFFFF)
    embed.url("url")
    _check_timestamp(embed)
    for field in embed.forms("fields", most=25):
        field.only({"name", "value", "inline"})
        field.trimmed("name", most=256, required=True)
        field.trimmed("value", most=1024, required=True)
        field.flag("inline")
    if footer := embed.form("footer"):
        footer.only({"text", "icon_url", "proxy_icon_url"})
        footer.trimmed("text", most=2048, required=True)
        footer.url("icon_url", schemes=MEDIA_SCHEMES)
    if author := embed.form("author"):
        author.only({"name", "url", "icon_url", "proxy_icon_url"})
        author.trimmed("name", most=256, required=True)
        author.url("url")
        author.url("icon_url", schemes=MEDIA_SCHEMES)
    for name in ("image", "thumbnail"):
        if media := embed.form(name):
            media.only(MEDIA_FIELDS_SEEN)
            media.require("url")
            media.url("url", schemes=MEDIA_SCHEMES)


def _check_timestamp(embed: Form) -> None:
    written = embed.text("timestamp", most=64)
    if not written:
        return
    try:
        datetime.fromisoformat(written)
    except ValueError:
        message = f"Could not parse {written}. Should be ISO8601."
        embed.refuse("timestamp", code="DATE_TIME_TYPE_PARSE", message=message)
