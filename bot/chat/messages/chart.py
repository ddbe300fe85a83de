"""A server's report as a chart, a table and alternative text.

The chart is an opaque dark card, so that it looks the same in Discord's dark and light themes. Its letters
are large, because a phone shows it at a third of its size, and its height depends on the number of members.
Its colours are from Okabe and Ito's palette, which people with any colour vision can tell apart. Matplotlib
is loaded with the first chart, which takes up to a second and about 55 MB; after many charts the process is
about 150 MB larger.
"""

import csv
import io
import re
import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from bot.chat.text import formatting
from bot.domain.models import model_name
from bot.domain.quotas import Period
from bot.domain.text import clean_text, graphemes
from bot.services.credits.reports import DayUse, MemberUse, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

WIDTH = 1200
"""The chart's width in pixels."""
TOP = 10
"""How many members the chart and the alternative text name."""
ALT_LIMIT = 1024
"""Discord's limit of an attachment's description, in characters."""
NAME_LIMIT = 32
"""Length of a name in grapheme clusters, which is how people count characters."""

_DPI = 100
_CARD, _INK, _FAINT, _LINE = "#23262B", "#F2F3F5", "#B9BDC5", "#454A53"
_DAYS_COLOUR, _MEMBERS_COLOUR = "#56B4E9", "#E69F00"
_BUDGET_COLOUR, _CAP_COLOUR = "#2BC79A", "#F0E442"
_PERIOD_DAYS = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30}
_FAR_ABOVE = 3.0
"""How many times the highest bar a limit has to be so that it is only named: bars would be too small."""
_LEFT = 60
_NAME_PX = 440
"""Greatest width of a name."""
_DRAWN_LIMIT = 100
"""Characters of a name after normalization: more than fit into its column."""
_CELL_LIMIT = 200
_GAP = 20
_BARS_END = 970
_ROWS_TOP, _ROW = 768, 53
HIGHEST = _ROWS_TOP + (TOP + 1) * _ROW + _GAP
"""The chart's greatest height in pixels."""
_TITLE_PT, _TEXT_PT, _SMALL_PT, _NOTE_PT = 36, 26, 23, 20
_LIMIT_ROW = 40
_FORMULA = re.compile(
    r"(^|[,;|\"])(\s*)(?=[=+\-@\u2212\u207a\u207b\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20])"
)
"""Where a spreadsheet may see the beginning of a formula, whatever separates cells; includes the signs' small
and full-width forms."""
_DRAWING = threading.Lock()
"""Held while a chart is drawn: Matplotlib's caches are not thread-safe."""


def report_chart(report: Report, names: Mapping[int, str]) -> bytes:
    """Draw the report as a PNG, 1200 pixels wide and at most 1371 pixels high.

    It takes up to a second of one core: call it in a thread.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see the module's docstring
    from matplotlib.figure import Figure  # noqa: PLC0415 - see the module's docstring

    with _DRAWING:
        size = WIDTH / _DPI, _height(report) / _DPI
        figure = Figure(figsize=size, dpi=_DPI, facecolor=_CARD)
        FigureCanvasAgg(figure)
        _head(figure, report)
        if report.credits:
            _days(figure, report.days, _limits(report))
            _members(figure, report.members, names)
        else:
            nothing = "No credits were used\nin these days."
            _write(figure, WIDTH / 2, _ROWS_TOP / 2, nothing, size=_TITLE_PT, colour=_FAINT, align="center")
        picture = io.BytesIO()
        figure.savefig(picture, format="png", facecolor=_CARD)
    return picture.getvalue()


def report_csv(report: Report, names: Mapping[int, str]) -> bytes:
    """Write the report as CSV, in UTF-8 with a byte order mark, by which spreadsheets recognize it.

    A row is a day, a member, a playlist or a model. In a name, an apostrophe precedes whatever a spreadsheet
    would take for a formula, at the beginning or after a possible cell separator.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("kind", "day", "user_id", "name", "credits", "songs", "requests"))
    for day in report.days:
        table.writerow(("day", day.day.isoformat(), "", "", day.credits, day.songs, ""))
    for use in report.members:
        name = _cell(names.get(use.user_id, ""))
        table.writerow(("member", "", use.user_id, name, use.credits, use.songs, ""))
    named = [("playlist", one.name or one.key, one.use) for one in report.playlists]
    named += [("model", model_name(one.key), one.use) for one in report.models]
    for kind, name, used in named:
        table.writerow((kind, "", "", _cell(name), used.credits, used.songs, used.requests))
    return text.getvalue().encode("utf-8-sig")


def report_alt(report: Report, names: Mapping[int, str]) -> str:
    """Describe the report in at most 1024 characters, as the chart's alternative text."""
    span = _span(report.starts_on, report.ends_on)
    if not report.credits:
        return f"No credits were used: {span}, UTC."
    busiest = max(report.days, key=lambda day: day.credits)
    parts = [f"{_total(report)} used, {span}, UTC."]
    if len(report.days) > 1:
        parts.append(f"Busiest day: {_long(busiest.day)} with {formatting.in_credits(busiest.credits)}.")
    top = (f"{_name(use, names)} {use.credits:,}" for use in report.members[:TOP])
    more = f", and {len(report.members) - TOP:,} more" if len(report.members) > TOP else ""
    parts += [f"{line.text}." for line in _limits(report)]
    parts.append(f"By member: {', '.join(top)}{more}.")
    return formatting.plain(" ".join(parts), limit=ALT_LIMIT)


def _height(report: Report) -> int:
    """Return the chart's height in pixels, which depends on the number of members."""
    rows = min(len(report.members), TOP) + (len(report.members) > TOP)
    return _ROWS_TOP + rows * _ROW + _GAP


def _head(figure: "Figure", report: Report) -> None:
    _write(figure, _LEFT, 78, _total(report), size=_TITLE_PT, bold=True)
    span = f"{_span(report.starts_on, report.ends_on)} (UTC)"
    _write(figure, _LEFT, 140, span, size=_TEXT_PT, colour=_FAINT)


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit of the whole server as a line in the chart."""

    text: str
    per_day: float
    colour: str


def _limits(report: Report) -> list[_Limit]:
    """Return the server's budget and its cap, spread over the days of their periods."""
    limits = report.limits
    shared = (
        (limits.budget, "Budget", _BUDGET_COLOUR),
        (limits.server_cap, "Bot owner's limit", _CAP_COLOUR),
    )
    return [
        _Limit(
            _limit_text(name, limit.credits, limit.period), limit.credits / _PERIOD_DAYS[limit.period], colour
        )
        for limit, name, colour in shared
        if limit is not None
    ]


def _limit_text(name: str, amount: int, period: Period) -> str:
    pace = "" if period is Period.DAY else f": {round(amount / _PERIOD_DAYS[period]):,} a day"
    return f"{name}, {amount:,} every {period}{pace}"


def _draw_limits(figure: "Figure", axes: "Axes", limits: Sequence[_Limit], highest: int) -> None:
    """Draw the limits as dashed lines, and name them above the bars; those far above are only named."""
    for row, limit in enumerate(limits):
        is_far = limit.per_day > _FAR_ABOVE * highest
        if not is_far:
            axes.axhline(limit.per_day, color=limit.colour, linewidth=3, linestyle=(0, (4, 3)))
        sign, words = ("\N{UPWARDS ARROW}", f"{limit.text}, far above") if is_far else ("- -", limit.text)
        y = 270 + row * _LIMIT_ROW
        _write(figure, _LEFT, y, sign, size=_NOTE_PT, bold=True, colour=limit.colour)
        words = _fitting(words, size=_NOTE_PT, width=WIDTH - 2 * _LEFT - 60)
        _write(figure, _LEFT + 60, y, words, size=_NOTE_PT, colour=_FAINT)


def _days(figure: "Figure", days: tuple[DayUse, ...], limits: Sequence[_Limit]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415 - see the module's docstring

    _write(figure, _LEFT, 222, "By day", size=_TEXT_PT, bold=True)
    named = _LIMIT_ROW * len(limits)  # what is named above the bars takes from their height
    left, bottom, wide, high, whole = 150, 570, 960, 300 - named, figure.bbox.height
    axes = figure.add_axes((left / WIDTH, 1 - bottom / whole, wide / WIDTH, high / whole), facecolor=_CARD)
    axes.bar(range(len(days)), [day.credits for day in days], width=_bar(len(days)), color=_DAYS_COLOUR)
    reach = max(len(days), 3) / 2
    middle = (len(days) - 1) / 2
    axes.set_xlim(middle - reach, middle + reach)
    highest = max(day.credits for day in days)
    near = [limit.per_day for limit in limits if limit.per_day <= _FAR_ABOVE * highest]
    axes.set_ylim(0, max(highest, *near, 0) * 1.05)
    _draw_limits(figure, axes, limits, highest)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(round(value))))
    ticks = _ticks(len(days))
    axes.set_xticks(ticks, [_tick(days[at].day, len(days)) for at in ticks])
    _dress(axes)


def _dress(axes: "Axes") -> None:
    """Style the axes, without frame and tick marks."""
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=_LINE, linewidth=2)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=12)
    axes.tick_params(axis="x", pad=20)  # clear of the y axis's lowest label
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(fontproperties=_font(_SMALL_PT), color=_FAINT, parse_math=False)


def _members(figure: "Figure", members: tuple[MemberUse, ...], names: Mapping[int, str]) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - see the module's docstring

    _write(figure, _LEFT, 708, "By member", size=_TEXT_PT, bold=True)
    top, whole = members[:TOP], figure.bbox.height
    shown = [
        _fitting(_drawable(names.get(use.user_id, "")) or _number(use), size=_SMALL_PT, width=_NAME_PX)
        for use in top
    ]
    left = _LEFT + max(_width(name, size=_SMALL_PT) for name in shown) + _GAP
    most = max(use.credits for use in top)
    for row, (use, name) in enumerate(zip(top, shown, strict=True)):
        y = _ROWS_TOP + row * _ROW
        _write(figure, _LEFT, y, name, size=_SMALL_PT)
        long = max(4, (_BARS_END - left) * use.credits / most)
        bar = Rectangle(
            (left / WIDTH, 1 - (y + 17) / whole),
            long / WIDTH,
            34 / whole,
            color=_MEMBERS_COLOUR,
            linewidth=0,
            transform=figure.transFigure,
        )
        figure.add_artist(bar)
        _write(figure, left + long + 14, y, _amount(use.credits), size=_SMALL_PT)
    if more := len(members[TOP:]):
        rest = f"and {more:,} more: {_amount(sum(use.credits for use in members[TOP:]))}"
        _write(figure, _LEFT, _ROWS_TOP + TOP * _ROW, rest, size=_SMALL_PT, colour=_FAINT)


def _write(
    figure: "Figure",
    x: float,
    y: float,
    text: str,
    *,
    size: int,
    bold: bool = False,
    colour: str = _INK,
    align: str = "left",
) -> None:
    """Write text on the card, its middle `y` pixels below the upper edge; `$` starts no formula."""
    figure.text(
        x / WIDTH,
        1 - y / figure.bbox.height,
        text,
        fontproperties=_font(size, bold=bold),
        color=colour,
        ha=align,
        va="center_baseline" if "\n" not in text else "center",
        parse_math=False,
    )


def _font(size: int, *, bold: bool = False) -> "FontProperties":
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415 - see the module's docstring

    return FontProperties(fname=_font_file(bold=bold), size=size)


def _font_file(*, bold: bool = False) -> str:
    """Return the path of Matplotlib's own font, with which a chart looks the same on every machine."""
    from matplotlib import get_data_path  # noqa: PLC0415 - see the module's docstring

    return f"{get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf"


@cache
def _glyphs() -> frozenset[int]:
    """Return the code points that the font can draw."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - see the module's docstring

    return frozenset(FT2Font(_font_file()).get_charmap())


def _drawable(name: str) -> str:
    """Return the part of a name that the font can draw, without combining marks; empty if no letter is left.

    It is cut first: normalization turns some characters into eighteen, and a grapheme may be of any length.
    """
    cut = "".join(islice(graphemes(clean_text(name[:_CELL_LIMIT])), NAME_LIMIT))[:_DRAWN_LIMIT]
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", cut))[:_DRAWN_LIMIT]
    kept = (c for c in folded if ord(c) in _glyphs() and unicodedata.category(c) not in {"Mn", "Me", "Cf"})
    drawn = " ".join("".join(kept).split())
    return drawn if any(c.isalnum() for c in drawn) else ""


def _fitting(text: str, *, size: int, width: int) -> str:
    """Cut the text with an ellipsis if it is wider than `width` pixels."""
    if _width(text, size=size) <= width:
        return text
    cuts = [f"{text[:end].rstrip()}{formatting.ELLIPSIS}" for end in range(len(text))]
    too_wide = bisect_right(
        cuts, float(width), key=lambda cut: _width(cut, size=size)
    )  # a few measurements do
    return cuts[max(too_wide - 1, 0)]


def _width(text: str, *, size: int) -> float:
    font = _measure(size)
    font.set_text(text)
    return font.get_width_height()[0] / 64


@cache
def _measure(size: int) -> "FT2Font":
    """Return the font in a size for measuring; use it only with `_DRAWING` held."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - see the module's docstring

    font = FT2Font(_font_file())
    font.set_size(size, _DPI)
    return font


def _name(use: MemberUse, names: Mapping[int, str]) -> str:
    return formatting.plain(names.get(use.user_id), limit=NAME_LIMIT, otherwise=_number(use))


def _number(use: MemberUse) -> str:
    """Return a replacement for a name that cannot be shown: the last digits of the member's id."""
    return f"Member …{use.user_id % 10_000:04}"


def _cell(name: str) -> str:
    return _FORMULA.sub(r"\1\2'", formatting.plain(name, limit=_CELL_LIMIT))


def _total(report: Report) -> str:
    return f"{formatting.in_credits(report.credits)}, {formatting.counted(report.songs, 'song')}"


def _span(first: date, last: date) -> str:
    return _long(first) if first == last else f"{_long(first)} {formatting.DASH} {_long(last)}"


def _long(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _bar(days: int) -> float:
    """Return a bar's width as a share of its day; bars of a few pixels have no gaps, which would flicker."""
    return 1.0 if days > 120 else 0.75


def _ticks(days: int) -> list[int]:
    """Return the indices of the days with a label: all of a week, else five from the first to the last."""
    return list(range(days)) if days <= 7 else [round(part * (days - 1) / 4) for part in range(5)]


def _tick(day: date, days: int) -> str:
    return f"{day:%b}\n{day:%Y}" if days > 120 else f"{day.day} {day:%b}"


def _amount(count: int) -> str:
    return f"{count:,}" if count < 1_000_000 else _short(count)


def _short(count: int) -> str:
    for unit, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= unit:
            return f"{count / unit:.3g}{letter}"
    return str(count)
