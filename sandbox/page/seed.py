"""The seed data of the demo: more people and channels than the local Discord has by itself."""

from sandbox.cqtai import PLAYLISTS
from sandbox.discord import LocalDiscord

PEOPLE = ("Ada", "Ben", "Mo")
"""Whom one can be: two plain members and a moderator."""
SONGS, MODERATORS_ONLY, LOG = "songs", "moderators", "bot-log"
WELCOME = """\
Welcome! Inspire makes songs here. Type `/inspire` and give it a playlist. These are some of ours:
{playlists}
-# At the bottom left, choose who you are: Ada, Ben (a VIP) or Mo (a moderator). **World** injects failures.\
"""


async def seed(discord: LocalDiscord) -> None:
    """Add a VIP role, two channels for moderators only, and a welcome message."""
    guild, moderators = discord.guild, discord.moderators
    vip = discord.add.role(guild, name="VIP")
    discord.member("Ben").member.role_ids.append(vip.id)
    for name in (MODERATORS_ONLY, LOG):
        discord.add.channel(guild, name=name, only_for=(moderators,))
    playlists = "\n".join(f"- {one.name}: https://suno.com/playlist/{one.id}" for one in PLAYLISTS[:4])
    await discord.member(discord.state.world.owner.name).say(SONGS, WELCOME.format(playlists=playlists))
    await discord.member("Ben").say("general", "Has anybody a song for a rainy Monday?")
    await discord.member("Ada").say("general", "Not yet. Let's make one in #songs!")
    await discord.member("Mo").say(MODERATORS_ONLY, "Only moderators read along here.")
