import io
import re
from typing import Self

import discord
from discord import app_commands
from discord.ext import commands


class Stop(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"stop:(?P<number>\d+)"):
    def __init__(self, number: int) -> None:
        super().__init__(discord.ui.Button(label="Stop", custom_id=f"stop:{number}"))
        self.number = number

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[discord.ui.View], match: re.Match[str], /
    ) -> Self:
        return cls(int(match["number"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=f"stopped {self.number}", view=None)


class Reason(discord.ui.Modal, title="Why?"):
    why: discord.ui.TextInput[Self] = discord.ui.TextInput(label="Reason", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"because {self.why.value}", ephemeral=True)


def filled_in(part: discord.ui.Item[discord.ui.Modal]) -> str:
    match part:
        case discord.ui.TextInput():
            return part.value
        case discord.ui.Select():
            return part.values[0]
        case discord.ui.UserSelect() | discord.ui.RoleSelect() | discord.ui.ChannelSelect():
            return part.values[0].name
        case _:
            raise TypeError(part)


class Choices(discord.ui.Modal, title="Which?"):
    song: discord.ui.Label[Self] = discord.ui.Label(
        text="Song", component=discord.ui.Select(options=[discord.SelectOption(label="A", value="a")])
    )
    singer: discord.ui.Label[Self] = discord.ui.Label(
        text="Singer", component=discord.ui.UserSelect(required=False)
    )
    fans: discord.ui.Label[Self] = discord.ui.Label(text="Fans", component=discord.ui.RoleSelect())
    stage: discord.ui.Label[Self] = discord.ui.Label(text="Stage", component=discord.ui.ChannelSelect())
    words: discord.ui.Label[Self] = discord.ui.Label(
        text="Words", description="Few", component=discord.ui.TextInput(max_length=20)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        said = [filled_in(part.component) for part in self.children if isinstance(part, discord.ui.Label)]
        await interaction.response.send_message(" ".join(said))


@app_commands.context_menu(name="Repeat this")
async def repeat(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"{message.author.display_name}: {message.content}")


class Work(commands.Cog):
    @app_commands.command(description="Answers at once")
    async def hello(self, interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"Hello {name}")

    @app_commands.command(description="Defers, then edits, then whispers")
    async def late(self, interaction: discord.Interaction) -> None:
        answered = await interaction.response.defer()
        assert answered is not None
        edited = await interaction.edit_original_response(content="done")
        assert edited.id == answered.message_id
        await interaction.followup.send("secret", ephemeral=True)

    @app_commands.command(description="Says nothing")
    async def silent(self, interaction: discord.Interaction) -> None: ...

    @app_commands.command(description="Offers a button")
    async def start(self, interaction: discord.Interaction, number: int) -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(Stop(number))
        view.add_item(discord.ui.Button(label="Listen", url="https://example.org/a"))
        await interaction.response.send_message("started", view=view)

    @app_commands.command(description="Asks why")
    async def ask(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Reason())

    @app_commands.command(description="Asks which")
    async def which(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Choices())

    @app_commands.command(description="Sends a file, then another in its place")
    async def files(self, interaction: discord.Interaction) -> None:
        embed = discord.Embed(title="Clip", url="https://example.org/1").set_image(
            url="attachment://cover.png"
        )
        files = [discord.File(io.BytesIO(b"one"), "one.mp3"), discord.File(io.BytesIO(b"png"), "cover.png")]
        await interaction.response.send_message(embed=embed, files=files)
        new = discord.File(io.BytesIO(b"two"), "two.mp3")
        await interaction.edit_original_response(attachments=[new], embed=None)


class Quota(commands.GroupCog, name="quota"):
    @app_commands.command(description="Gives credits")
    async def grant(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        amount: app_commands.Range[int, 1, 500],
    ) -> None:
        await interaction.response.send_message(f"{member.display_name} +{amount}", ephemeral=True)

    @app_commands.command(description="Shows an entry")
    async def entry(self, interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(name)

    @entry.autocomplete("name")
    async def names(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in ("abc", "abd") if current in name]


class Bot(commands.AutoShardedBot):
    def __init__(self) -> None:
        intents = discord.Intents(guilds=True)
        super().__init__(commands.when_mentioned, intents=intents, guild_ready_timeout=0.05)
        self.resumes = 0

    async def setup_hook(self) -> None:
        await self.add_cog(Work())
        await self.add_cog(Quota())
        self.add_dynamic_items(Stop)
        self.tree.add_command(repeat)
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        # discord.py would wait five seconds before a second IDENTIFY.
        return

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.resumes += 1
