import discord
import pytest

from bot.chat.interactions.context import role_ids_of
from bot.chat.interactions.transformers import parse_request_id, parse_song_id
from bot.domain.errors import RequestNotFoundError
from bot.domain.songs import SongNotFoundError
from tests.unit.chat.factories import GUILD, MEMBER

VIP, PLAIN = 11, 12


@pytest.mark.parametrize("is_known", [True, False], ids=["known server", "server not sent yet"])
def test_roles_count_also_before_the_gateway_has_told_of_the_server(*, is_known: bool) -> None:
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    roles = [{"id": str(role), "name": "r", "position": 1} for role in (GUILD, VIP, PLAIN)]
    guild = discord.Guild(
        data={"id": GUILD, "roles": roles} if is_known else {"id": GUILD, "unavailable": True},  # type: ignore[typeddict-item]
        state=state,
    )
    assert (guild.get_role(VIP) is not None) == is_known
    person = {"id": MEMBER, "username": "ada", "discriminator": "0", "avatar": None}
    data = {"user": person, "roles": [str(VIP)], "flags": 0}
    member = discord.Member(data=data, guild=guild, state=state)  # type: ignore[arg-type]
    assert sorted(role_ids_of(member)) == [VIP, GUILD]


def test_somebody_who_left_has_no_roles() -> None:
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    data = {"id": MEMBER, "username": "ada", "discriminator": "0", "avatar": None}
    assert role_ids_of(discord.User(state=state, data=data)) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "x", "-1", "1" * 21, "²"])
def test_what_cannot_be_a_request_is_none(text: str) -> None:
    with pytest.raises(RequestNotFoundError):
        parse_request_id(text)
    with pytest.raises(SongNotFoundError):
        parse_song_id(text)
