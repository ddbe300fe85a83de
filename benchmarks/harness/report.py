"""A benchmark's report: figures beside their baseline, the targets, and wrong results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

PER_MILLE = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a benchmark's table, formatted."""

    what: str
    bot: str
    baseline: str = ""
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach, and what was measured."""

    figure: str
    measured: str
    reached: bool


@dataclass(slots=True)
class Report:
    """The report of one benchmark."""

    title: str
    baseline: str
    """A description of the baseline."""
    rows: list[Row] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Results that are wrong at any speed, such as a lost song."""

    def add(self, what: str, bot: str, baseline: str = "", *, samples: int = 0) -> None:
        """Add a row to the table."""
        self.rows.append(Row(what, bot, baseline, samples))

    def add_target(self, figure: str, measured: str, *, reached: bool) -> None:
        """Add a target, reached or not."""
        self.targets.append(Target(figure, measured, reached))

    def check(self, right: object, otherwise: str) -> None:
        """Add a sentence about a wrong result unless it is right."""
        if not right:
            self.wrong.append(otherwise)

    def lines(self) -> Iterable[str]:
        """Yield the lines of the report as plain text."""
        yield f"== {self.title}"
        yield f"   baseline: {self.baseline}"
        cells = [("", "bot", "baseline", "samples")]
        cells += [(row.what, row.bot, row.baseline, f"{row.samples:,}") for row in self.rows]
        widths = [max(len(line[column]) for line in cells) for column in range(4)]
        for what, bot, baseline, samples in cells:
            yield (
                f"   {what:<{widths[0]}}  {bot:>{widths[1]}}  {baseline:>{widths[2]}}  {samples:>{widths[3]}}"
            )
        for target in self.targets:
            word = "reached    " if target.reached else "NOT REACHED"
            yield f"   {word}  {target.figure}: {target.measured}"
        yield from (f"   WRONG        {sentence}" for sentence in self.wrong)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0..1) of the values do not exceed, by the nearest rank.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    # in integer thousandths, so that 0.99 of 100 values is the 99th in spite of rounding errors
    rank = -(-round(share * PER_MILLE) * len(values) // PER_MILLE)
    return sorted(values)[max(rank, 1) - 1]


def milliseconds(seconds: float) -> str:
    """Format a duration in milliseconds."""
    return f"{seconds * 1000:,.1f} ms"


def spread_ms(values: Sequence[float]) -> str:
    """Format the median, 99th percentile and maximum of durations in seconds as milliseconds."""
    if not values:
        return "-"
    figures = (quantile(values, 0.5), quantile(values, 0.99), max(values))
    return " / ".join(f"{1000 * value:,.1f}" for value in figures) + " ms"
