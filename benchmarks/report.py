"""What a benchmark found: figures beside their baseline, which were reached, and what came out wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

PER_MILLE = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a benchmark's table; all values are ready to be read."""

    what: str
    bot: str
    baseline: str = ""
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of the figures to reach, and how it went."""

    figure: str
    measured: str
    reached: bool


@dataclass(slots=True)
class Report:
    """Everything that one benchmark found."""

    title: str
    baseline: str
    """What the baseline is."""
    rows: list[Row] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Results that are wrong at any speed, such as a lost song; none in a good run."""

    def add(self, what: str, bot: str, baseline: str = "", *, samples: int = 0) -> None:
        """One more line of the table."""
        self.rows.append(Row(what, bot, baseline, samples))

    def judge(self, figure: str, measured: str, *, reached: bool) -> None:
        """One of the figures to reach was reached, or not."""
        self.verdicts.append(Verdict(figure, measured, reached))

    def check(self, right: object, otherwise: str) -> None:
        """Remember what is wrong, unless it is right."""
        if not right:
            self.wrong.append(otherwise)

    def lines(self) -> Iterable[str]:
        """The report as plain text."""
        yield f"== {self.title}"
        yield f"   baseline: {self.baseline}"
        cells = [("", "bot", "baseline", "samples")]
        cells += [(row.what, row.bot, row.baseline, f"{row.samples:,}") for row in self.rows]
        widths = [max(len(line[column]) for line in cells) for column in range(4)]
        for what, bot, baseline, samples in cells:
            yield (
                f"   {what:<{widths[0]}}  {bot:>{widths[1]}}  {baseline:>{widths[2]}}  {samples:>{widths[3]}}"
            )
        for verdict in self.verdicts:
            word = "reached    " if verdict.reached else "NOT REACHED"
            yield f"   {word}  {verdict.figure}: {verdict.measured}"
        yield from (f"   WRONG        {sentence}" for sentence in self.wrong)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of the values do not exceed, by the nearest rank.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    # in whole parts of a thousand, so that 0.99 of 100 values is the 99th in spite of binary fractions
    rank = -(-round(share * PER_MILLE) * len(values) // PER_MILLE)
    return sorted(values)[max(rank, 1) - 1]


def milliseconds(seconds: float) -> str:
    """A duration to be read, in milliseconds."""
    return f"{seconds * 1000:,.1f} ms"


def spread_ms(values: Sequence[float]) -> str:
    """Median, 99th percentile and maximum of durations in seconds, to be read in milliseconds."""
    if not values:
        return "-"
    figures = (quantile(values, 0.5), quantile(values, 0.99), max(values))
    return " / ".join(f"{1000 * value:,.1f}" for value in figures) + " ms"
