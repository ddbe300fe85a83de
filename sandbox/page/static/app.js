// The page: who one is, which channel is open, and the messages in it.
import { offersApps, showApps } from "./apps.js";
import { composer } from "./composer.js";
import { byId, el } from "./dom.js";
import { messageView, update } from "./message.js";
import { showModal } from "./modal.js";
import { notice as toast, reachable, reachLast, stay, toEnd } from "./reading.js";
import { connect } from "./socket.js";
import { timesIn } from "./times.js";
import { world } from "./world.js";
import { drawChannels, drawPeople, drawers, shownTheme } from "./places.js";

const state = { places: null, version: 0, channel: null, messages: new Map(), views: new Map(), news: new Map() };
const addressed = () => decodeURIComponent(location.hash.slice(1)).split("/");
let person = addressed()[0] || "Ada";
let wanted = addressed()[1] || "songs";
let localIds = 0;

const names = {
  get me() { return state.places.me; },
  all: () => state.places,
  known: () => state.version,
  user: (id) => state.places.members.find((one) => one.id === id)?.name ?? "unknown-user",
  role: (id) => state.places.roles.find((one) => one.id === id)?.name ?? "unknown-role",
  channel: (id) => state.places.channels.find((one) => one.id === id)?.name ?? "No Access",
};

const act = {
  press: (message, customId) => interact("press", message, { custom_id: customId }),
  choose: (message, customId, values) => interact("choose", message, { custom_id: customId, values }),
  useOn: (message, command) => interact("use_on", message, { command }),
  apps: (message) => offersApps(state.places, message.channel),
  dismiss: (message) => gone(message),
};

const ask = connect({ told, opened, ended, lost: () => showProblem("The demo does not answer. Trying again…") });

function interact(kind, message, details) {
  return ask(kind, { channel: message.channel, message: message.id, ...details }).then(answered);
}

// What came of a command, a button or a modal, as far as it is not a message.
function answered(answer) {
  if (answer.modal) showModal(answer.modal, names, submit);
  const words = answer.error ?? answer.failed;
  if (words) notice(words);
  return answer;
}

const submit = (modal, values) => ask("submit", { modal: modal.interaction, values }).then(answered);

// A line that only this page shows, as Discord's client does when the bot does not answer.
function notice(words) {
  localIds += 1;
  const bot = state.places.members.find((one) => one.bot) ?? { id: "0", name: "Inspire", bot: true };
  received({ id: `local-${localIds}`, channel: state.channel, author: bot, at: Date.now() / 1000, edited: null,
    content: `⚠ ${words}`, embeds: [], files: [], forwarded: null, components: [], ephemeral: true, loading: false, used: null,
    reply: null, pings: [], everyone: false });
}

function opened() {
  showProblem("");
  become(person);
}

// Said once, and nothing on the page pretends to work any more.
function ended() {
  showProblem("The demo has ended. To go on, run “make demo” again and open the address that it prints.");
  for (const part of document.querySelectorAll("#world, #composer, #messages button")) part.inert = true;
  document.body.classList.add("ended");
  byId("toasts").replaceChildren();
}

function become(name) {
  person = name;
  remember();
  ask("be", { name });
}

// The address says who and where, so that a reload, a second page or Back comes to it.
function remember(chosen = true) {
  const address = `#${encodeURIComponent(person)}/${encodeURIComponent(wanted)}`;
  if (address === location.hash) return;
  if (location.hash && chosen) history.pushState(null, "", address);
  else history.replaceState(history.state, "", address);
}

// Back leads to the channel before; before it leaves the page, it says so once.
const FIRST = "first";
if (!sessionStorage.getItem(FIRST)) {
  sessionStorage.setItem(FIRST, location.pathname);
  history.replaceState(FIRST, "");
  history.pushState(null, "", location.hash || "#");
}
addEventListener("popstate", ({ state: at }) => {
  const [name, channel] = addressed();
  if (at === FIRST) toast("Back once more leaves the demo. It goes on until Ctrl-C.");
  wanted = channel || wanted;
  state.channel = null;
  person = name || person;
  ask("be", { name: person });
});

function showProblem(words) {
  byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

function told(said) {
  if (said.type === "places") placesAre(said);
  else if (said.type === "history") historyIs(said.messages);
  else if (said.type === "message") received(said.message);
  else if (said.type === "gone") gone(said);
  else if (said.type === "world") world(said, ask);
}

function placesAre(places) {
  const changed = JSON.stringify({ ...places, commands: 0 }) !== JSON.stringify({ ...state.places, commands: 0 });
  if (changed) state.version += 1;
  state.places = places;
  timesIn(places.locale);
  document.title = places.guild;
  byId("guild").textContent = places.guild;
  drawPeople(places, person, become, (locale) => ask("speak", { locale }));
  if (!open()) go((places.channels.find((one) => one.name === wanted) ?? places.channels[0]).id, null, false);
  else drawChannels(state, go);
  write.placesAre(places, state.channel);
  showApps(places, state.channel);
}

const open = () => state.places.channels.find((one) => one.id === state.channel);

function historyIs(messages) {
  state.messages.clear();
  state.news.clear();
  for (const message of messages) keep(message);
  show();
}

function keep(message) {
  if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
  state.messages.get(message.channel).set(message.id, message);
}

function received(message) {
  const isNew = !state.messages.get(message.channel)?.has(message.id);
  keep(message);
  if (message.channel === state.channel) {
    place(message);
    if (isNew && message.author.bot) byId("live-region").textContent = spoken(message);
  } else if (isNew) {
    const before = state.news.get(message.channel) ?? 0;
    state.news.set(message.channel, message.pings.includes(names.me) ? before + 1 : before);
    drawChannels(state, go);
  }
}

function spoken({ author, forwarded, ephemeral, ...own }) {
  const { content, embeds } = forwarded ?? own;
  const words = [content, ...embeds.flatMap((embed) => [embed.title, embed.description])].filter(Boolean).join(". ");
  return `${author.name}${ephemeral ? ", only to you" : ""}: ${words.replace(/<[^>]*>|[*`]/g, "").slice(0, 300)}`;
}

function gone({ channel, id }) {
  state.messages.get(channel)?.delete(id);
  const view = state.views.get(id);
  if (!view) return;
  if (view.node.contains(document.activeElement)) byId("words").focus();
  view.node.remove();
  state.views.delete(id);
  group();
}

function show() {
  const list = byId("messages");
  list.replaceChildren();
  state.views.clear();
  const channel = open();
  const shown = channel.direct ? "Inspire" : channel.name;
  byId("channel").textContent = channel.direct ? `@ ${shown}` : `# ${shown}`;
  list.setAttribute("aria-label", `Messages in ${shown}`);
  for (const message of state.messages.get(state.channel)?.values() ?? []) place(message);
  if (!list.children.length) list.append(el("p", { class: "empty" }, "Nothing here yet. Type / for the commands."));
  toEnd();
  state.news.delete(state.channel);
  drawChannels(state, go);
}

function place(message) {
  const list = byId("messages");
  const view = state.views.get(message.id);
  if (view) update(view, message, names, act);
  else {
    list.querySelector(".empty")?.remove();
    const made = messageView(message, names, act);
    state.views.set(message.id, made);
    list.append(made.node);
    group();
    reachLast();
  }
  reachable(state.views.get(message.id).node);
  stay();
}

// Consecutive messages of one author are grouped.
function group() {
  let before = null;
  for (const id of state.views.keys()) {
    const message = state.messages.get(state.channel).get(id);
    const together = before && before.author.id === message.author.id && message.at - before.at < 420
      && !message.used && !message.reply && before.ephemeral === message.ephemeral;
    state.views.get(id).node.classList.toggle("grouped", Boolean(together));
    before = message;
  }
}

function go(channel, message = null, chosen = true) {
  if (!state.places.channels.some((one) => one.id === channel)) return notice("You do not have access to this link.");
  state.channel = channel;
  wanted = open().name;
  remember(chosen);
  show();
  write.placesAre(state.places, channel);
  showApps(state.places, channel);
  drawers.close();
  const target = message && state.views.get(message)?.node;
  if (!target) return undefined;
  target.scrollIntoView({ block: "center" });
  target.classList.add("found");
  return setTimeout(() => target.classList.remove("found"), 2000);
}

document.addEventListener("jump", ({ detail }) => go(detail.channel, detail.message));
document.addEventListener("elsewhere", ({ detail }) => toast(`${detail} is made up for this demo, so it is not opened.`));
const write = composer({ ask, answered, toEnd });
shownTheme();
if (matchMedia("(pointer: fine)").matches) byId("words").focus();
