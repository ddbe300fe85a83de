"""What members think of a song, in words."""

import re

from bot.domain.songs import Rating

STAR = "★"
_LINE = re.compile(rf"\n-# {STAR} [^\n]*\Z")


def in_stars(rating: Rating) -> str:
    """The average and how many votes there are; empty while there are none."""
    if rating.average is None:
        return ""
    votes = "1 vote" if rating.votes == 1 else f"{rating.votes:,} votes"
    return f"{STAR} {rating.average:.1f} ({votes})"


def with_rating(content: str, rating: Rating) -> str:
    """The content of a result whose last line is the rating, in place of an earlier one."""
    bare = _LINE.sub("", content)
    words = in_stars(rating)
    return f"{bare}\n-# {words}" if words else bare
