// A small bot on discord.js: `node bot.js API_URL TOKEN`.
import { AttachmentBuilder, Client, Events, GatewayIntentBits } from "discord.js";

const [apiUrl, token] = process.argv.slice(2);
const client = new Client({
  intents: [GatewayIntentBits.Guilds],
  // The library adds the version itself.
  rest: { api: apiUrl.replace(/\/v10$/, "") },
});

const answers = {
  async hello(interaction) {
    await interaction.reply("hello");
    await interaction.editReply("hello again");
    await interaction.channel.send({ files: [new AttachmentBuilder(Buffer.from("sound"), { name: "song.mp3" })] });
  },
  async late(interaction) {
    await interaction.deferReply();
    const file = new AttachmentBuilder(Buffer.from("words"), { name: "words.txt" });
    await interaction.followUp({ content: "done", files: [file] });
  },
};

client.once(Events.ClientReady, () =>
  client.application.commands.set(
    Object.keys(answers).map((name) => ({ name, description: "what it does" })),
  ),
);
client.on(Events.InteractionCreate, (interaction) => answers[interaction.commandName](interaction));
client.login(token);
