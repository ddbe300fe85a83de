"""One of everything that a message can contain, with hostile content."""

from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.files.audio import mp3_of
from sandbox.cqtai.files.covers import cover_of
from sandbox.cqtai.reply_variants import HOSTILE_TITLE
from sandbox.discord.payloads import Payload
from sandbox.discord.rules.messages import Upload

EVIL = HOSTILE_TITLE
SHORT_EVIL = "<img src=x onerror=hacked=1>"

MARKDOWN = """\
# Heading
## Smaller
**bold** *italic* _also italic_ __underlined__ ~~struck~~ `code *as it is*` ||spoiler||
[a masked link](https://example.invalid/page) https://example.invalid/bare. <https://example.invalid/angle>
\\*not italic\\* and style_weight_s and 2 * 3 * 4
**over two
lines**
- one
- two **bold**
  - inner
1. first
2. second
> quoted
> twice
-# small print
```py
print("**plain**")
```
<t:1700000000:R> <t:1700000000:D> </inspire:1> @everyone <:note:12345678901234567>"""


def embed() -> Payload:
    """An embed with every part."""
    return {
        "title": EVIL,
        "url": "https://example.invalid/song",
        "description": f"**{EVIL}**\n[click](javascript:hacked=1) [here]( https://x)",
        "color": 0x57F287,
        "author": {"name": SHORT_EVIL, "url": "https://example.invalid/author"},
        "fields": [
            {"name": SHORT_EVIL, "value": SHORT_EVIL, "inline": True},
            {"name": "Model", "value": "v5 `x`", "inline": True},
            {"name": "Resets", "value": "<t:4102444800:R>", "inline": True},
            {"name": "Style", "value": "lo-fi, mellow", "inline": False},
        ],
        "image": {"url": "attachment://cover.jpeg"},
        "thumbnail": {"url": "https://example.invalid/elsewhere.png"},
        "footer": {"text": f"Clip 1 of 2 {SHORT_EVIL}"},
        "timestamp": "2026-01-02T03:04:05+00:00",
    }


def clip() -> Payload:
    """A short embed with a cover beside its two lines."""
    line = "1:31 · lo-fi, mellow · [listen](https://example.invalid/listen)"
    return {"title": "Quiet Harbour", "description": line, "thumbnail": {"url": "attachment://small.jpeg"}}


def clip_files() -> dict[int, Upload]:
    """The cover of the short embed, and its song."""
    cover = cover_of("Quiet Harbour", seed=2, size_px=256)
    return {0: Upload("small.jpeg", cover), 1: files()[1]}


def components() -> list[Payload]:
    """Every kind of button and select."""
    options: list[Payload] = [
        {"label": SHORT_EVIL, "value": "a", "description": SHORT_EVIL},
        {"label": "Second", "value": "b", "emoji": {"name": "🎵"}},
    ]
    buttons: list[Payload] = [
        {"type": 2, "style": style, "label": label, "custom_id": f"button:{style}"}
        for style, label in ((1, "Primary"), (2, SHORT_EVIL), (3, "Approve"), (4, "Decline"))
    ]
    off: Payload = {"type": 2, "style": 2, "label": "Off", "custom_id": "off", "disabled": True}
    listen: Payload = {"type": 2, "style": 5, "label": "Listen", "url": "https://example.invalid/listen"}
    strings: Payload = {"type": 3, "custom_id": "one", "placeholder": "Rate it", "options": options}
    many: Payload = {
        "type": 3,
        "custom_id": "many",
        "placeholder": "Several",
        "options": options,
        "max_values": 2,
    }
    people: Payload = {"type": 5, "custom_id": "member", "placeholder": "A member"}
    rows = [[*buttons, off], [listen], [strings], [many], [people]]
    return [{"type": 1, "components": row} for row in rows]


def files() -> dict[int, Upload]:
    """A song, a chart, its table, a web page in disguise, and a cover that the embed shows."""
    song = mp3_of(PLAYLISTS[0], seed=1, duration_s=1.0)
    picture = cover_of("Quiet Harbour", seed=2, size_px=256)
    return {
        0: Upload("cover.jpeg", picture),
        1: Upload("quiet-harbour-1.mp3", song),
        2: Upload("credits.jpeg", picture),
        3: Upload("credits.csv", b"day,credits\n2026-01-01,30\n"),
        4: Upload("data.json", b"{}"),
        5: Upload("evil.html", b"<script>hacked=1</script>"),
    }


COMMANDS: tuple[Payload, ...] = (
    {
        "name": "quota",
        "description": "Your server's credits",
        "default_member_permissions": str(1 << 5),
        "options": [
            {
                "type": 1,
                "name": "grant",
                "description": "Give a member credits",
                "options": [
                    {"type": 6, "name": "member", "description": "Who", "required": True},
                    {
                        "type": 4,
                        "name": "credits",
                        "description": "How many",
                        "required": True,
                        "min_value": 1,
                        "max_value": 1000,
                    },
                    {"type": 3, "name": "reason", "description": "Why", "max_length": 10},
                    {"type": 8, "name": "role", "description": "Which role"},
                    {"type": 7, "name": "where", "description": "Which channel"},
                    {"type": 5, "name": "quietly", "description": "Without a word"},
                ],
            },
            {
                "type": 2,
                "name": "log",
                "description": "The log",
                "options": [{"type": 1, "name": "show", "description": "Show it"}],
            },
        ],
    },
    {
        "name": "rate",
        "description": SHORT_EVIL,
        "options": [
            {
                "type": 3,
                "name": "song",
                "description": SHORT_EVIL,
                "required": True,
                "autocomplete": True,
                "max_length": 6,
            },
            {
                "type": 10,
                "name": "weight",
                "description": "0 to 1",
                "min_value": 0,
                "max_value": 1,
            },
            {
                "type": 3,
                "name": "model",
                "description": "Which",
                "choices": [{"name": "v5 (new)", "value": "v55"}, {"name": SHORT_EVIL, "value": "evil"}],
            },
        ],
    },
)
