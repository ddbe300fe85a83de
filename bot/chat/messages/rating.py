"""A song's rating as text."""

import re

from bot.domain.songs import Rating

STAR = "★"
_LINE = re.compile(rf"\n-# {STAR} [^\n]*\Z")


def in_stars(rating: Rating) -> str:
    """Format the average and the number of votes; empty if there are none."""
    if rating.average is None:
        return ""
    votes = "1 vote" if rating.votes == 1 else f"{rating.votes:,} votes"
    return f"{STAR} {rating.average:.1f} ({votes})"


def with_rating(content: str, rating: Rating) -> str:
    """Replace or append the rating as the last line of a result's content."""
    bare = _LINE.sub("", content)
    words = in_stars(rating)
    return f"{bare}\n-# {words}" if words else bare
