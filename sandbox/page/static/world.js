// The panel: what can be made to go wrong, and what is seen of the bot from outside.
import { byId, el } from "./dom.js";

const CONTROLS = [
  ["provider", "The song provider", [["normal", "works"], ["slow", "answers slowly"], ["failing", "fails every song"],
    ["empty", "is out of credit"], ["down", "is down"]], "Out of credit, the bot asks again only after a minute, then two."],
  ["network", "The network", [["good", "good"], ["bad", "bad: answers get lost"]]],
  ["pace", "A new song takes", [["5", "5 s"], ["20", "20 s"], ["100", "100 s"]]],
];
const STATES = { running: "runs", starting: "is starting…", stopped: "does not run" };
let parts = null;

export function world(now, ask) {
  parts ??= build(ask);
  for (const [control] of CONTROLS) {
    for (const one of byId("world").querySelectorAll(`input[name=${control}]`)) one.checked = one.value === now[control];
  }
  set(parts.state, `The bot ${STATES[now.bot]}`);
  parts.state.className = now.bot;
  set(parts.note, now.note);
  parts.kill.disabled = now.bot !== "running";
  parts.start.disabled = now.bot !== "stopped";
  for (const name of ["balance", "spent", "refunded", "running"]) set(parts[name], now[name].toLocaleString("en"));
  set(parts.ledger, now.ledger);
  parts.ledger.hidden = !now.ledger;
  parts.sent.replaceChildren(...now.sent.map(line));
}

function set(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

function build(ask) {
  const change = (control, value) => ask("world", { control, value });
  const action = (words, control, value) => el("button", { type: "button", class: "button secondary",
    onclick: () => change(control, value) }, words);
  const figure = () => el("dd");
  const made = {
    state: el("strong", { role: "status" }), note: el("p", { class: "dim" }),
    ledger: el("pre", { tabindex: 0, role: "status" }),
    kill: action("Kill it", "bot", "kill"), start: action("Start it", "bot", "start"),
    balance: figure(), spent: figure(), refunded: figure(), running: figure(),
    sent: el("ol", { class: "sent", tabindex: 0, "aria-label": "What the bot sent, newest first" }),
  };
  byId("world").replaceChildren(
    el("h2", {}, "World"),
    el("section", {}, made.state, made.note, el("p", { class: "row" }, made.kill, made.start)),
    ...CONTROLS.map(([control, title, values, hint]) => el("fieldset", {}, el("legend", {}, title),
      values.map(([value, words]) => el("label", {},
        el("input", { type: "radio", name: control, value, onchange: () => change(control, value) }), " ", words)),
      hint ? el("p", { class: "dim" }, hint) : "")),
    el("section", {}, el("h3", {}, "The bot's account at the provider"), el("dl", {},
      el("dt", {}, "Credits left"), made.balance, el("dt", {}, "Spent"), made.spent,
      el("dt", {}, "Given back"), made.refunded, el("dt", {}, "Songs being made"), made.running)),
    el("section", {}, el("h3", {}, "The bot's ledger"), action("Check it", "ledger", "audit"), made.ledger),
    el("section", {}, el("h3", {}, "What the bot sent"), made.sent));
  return made;
}

function line({ to, what, status, at, fault }) {
  const words = status === 0 ? "no answer" : String(status);
  return el("li", { class: status >= 400 || status === 0 || fault ? "bad" : "" },
    el("span", { class: "dim" }, new Date(at * 1000).toLocaleTimeString("en-GB"), " "),
    el("strong", {}, to), " ", what.replaceAll(/[\w-]{40,}/g, "…"), " → ", words, fault ? ` (${fault})` : "");
}
