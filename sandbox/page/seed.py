"""The seed data of the demo: more people and channels than the local Discord has by itself."""

from sandbox.cqtai import PLAYLISTS, Pace
from sandbox.discord import LocalDiscord
from sandbox.world import World

PEOPLE = ("Ada", "Ben", "Mo", "Odile", "Sam")
"""Whom one can be: two plain members, a moderator, the bot's owner, and a stranger in his own server."""
ELSEWHERE = "Elsewhere"
"""The stranger's server."""
SONGS, MODERATORS_ONLY, LOG = "songs", "moderators", "bot-log"
SAVED = 3
"""Playlists that the server has saved."""
FIRST_SONG_S, TIMEOUT_S = 1.0, 30.0
WELCOME = """\
Welcome! Inspire makes songs here: type `/inspire` and choose a playlist, or paste the link of another one:
{playlist}
-# At the bottom left, choose who you are: Ada, Ben (a VIP), Mo (a moderator), Odile (the bot's \
owner) or Sam (a stranger who has the bot in his own server). **World** injects failures.\
"""


async def seed(discord: LocalDiscord) -> None:
    """Add a VIP role, two channels for moderators only, a welcome message, and a stranger's server."""
    guild, moderators = discord.guild, discord.moderators
    vip = discord.add.role(guild, name="VIP")
    discord.member("Ben").member.role_ids.append(vip.id)
    for name in (MODERATORS_ONLY, LOG):
        discord.add.channel(guild, name=name, only_for=(moderators,))
    playlist = f"https://suno.com/playlist/{PLAYLISTS[SAVED].id}"
    await discord.member(discord.state.world.owner.name).say(SONGS, WELCOME.format(playlist=playlist))
    await discord.member("Ben").say("general", "Has anybody a song for a rainy Monday?")
    await discord.member("Ada").say("general", "Not yet. Let's make one in #songs!")
    await discord.member("Mo").say(MODERATORS_ONLY, "Only moderators read along here.")
    elsewhere = discord.add.guild(ELSEWHERE, owner=discord.add.user("Sam"))
    discord.add.channel(elsewhere, name=SONGS)


async def use_before(world: World) -> None:
    """Save some playlists and have one song made, as if people had used the bot before.

    The song is made at once; of the people one can be, it costs only the bot's owner.

    Raises:
        AssertionError: The bot did not answer in time.
    """
    discord = world.discord
    owner = discord.member(discord.state.world.owner.name)
    for playlist in PLAYLISTS[:SAVED]:
        saved = await owner.slash(SONGS, "playlists add", name=playlist.name, playlist=playlist.id)
        await saved.answer(timeout_s=TIMEOUT_S)
    usual = world.provider.pace
    world.provider.pace = Pace(FIRST_SONG_S, max_running=usual.max_running)
    try:
        await owner.slash(SONGS, "inspire", playlist=PLAYLISTS[0].id, prompt="coffee and rain at the window")
        songs = discord.channel(SONGS)
        await discord.wait_for(
            lambda: any(message.attachments for message in songs.messages), timeout_s=TIMEOUT_S
        )
    finally:
        world.provider.pace = usual
