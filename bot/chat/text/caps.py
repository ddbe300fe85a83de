"""The caps as `/operator cap` shows them to the bot's owner."""

from collections.abc import Iterator, Mapping

from bot.chat.text.formatting import counted, in_credits, relative, server_name
from bot.chat.text.quotas import more_songs
from bot.domain.caps import Cap
from bot.services.operator import CapsView

OWN_SHOWN = 20
"""How many servers with a cap of their own are listed."""


def servers_shown(view: CapsView) -> list[int]:
    """Return the servers that are mentioned: the one asked about, or the first with a cap of their own."""
    return list(view.own)[:OWN_SHOWN] if view.guild_id is None else [view.guild_id]


def caps_shown(view: CapsView, names: Mapping[int, str]) -> str:
    """Show the caps that are in force, for one server or for all, with the servers' names where known."""
    lines = _of_all(view, names) if view.guild_id is None else _of_server(view, view.guild_id, names)
    return "\n".join((*lines, _total(view)))


def _of_server(view: CapsView, guild_id: int, names: Mapping[int, str]) -> Iterator[str]:
    cap, shown = view.server, server_name(guild_id, names.get(guild_id))
    if cap is None:
        yield f"The server {shown} has no cap. Set one with `credits`."
        return
    source = "of its own" if guild_id in view.own else "by `SERVER_CREDIT_CAP`"
    yield f"The server {shown} has a cap {source}: {_amount(cap)}. {_left(cap, view.cost)}"


def _of_all(view: CapsView, names: Mapping[int, str]) -> Iterator[str]:
    usual = view.config.server
    words = "no cap" if usual is None else f"{in_credits(usual)} every {view.config.period}"
    yield f"Each server (`SERVER_CREDIT_CAP`): {words}."
    if view.own:
        shown = ((server_name(one, names.get(one)), view.own[one]) for one in servers_shown(view))
        own = " · ".join(f"{name} {credits_:,}" for name, credits_ in shown)
        more = f" and {len(view.own) - OWN_SHOWN:,} more" if len(view.own) > OWN_SHOWN else ""
        yield f"Own caps of {counted(len(view.own), 'server')}: {own}{more}."


def _total(view: CapsView) -> str:
    words = "no cap." if view.total is None else f"{_amount(view.total)}. {_left(view.total, view.cost)}"
    return f"All servers together (`TOTAL_CREDIT_CAP`): {words}"


def _amount(cap: Cap) -> str:
    return f"{in_credits(cap.credits)} every {cap.period}"


def _left(cap: Cap, cost: int) -> str:
    """Say how much of the cap is used, and how many songs the rest is enough for."""
    used = f"**{cap.spent:,}** used or on hold"
    if cap.credits < cost:
        return f"{used}; it is too small for a song, which costs {cost:,}, so nobody can request any."
    return f"{used}: {more_songs(cap.left // cost)} until it resets {relative(cap.resets_at)}."
