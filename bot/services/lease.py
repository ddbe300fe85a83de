"""Having something in hand, for a while."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has something in hand, and until when nobody else may take it."""

    owner: str
    until: datetime
