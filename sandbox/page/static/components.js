// Buttons and selects under a message.
import { el, link, undrawn } from "./dom.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };
const ROW = 1, BUTTON = 2, STRINGS = 3, USERS = 5, ROLES = 6, BOTH = 7, CHANNELS = 8, LINK = 5;

export function components(message, names, act) {
  return message.components.map((row) => {
    if (row.type !== ROW) return undrawn(`a component of type ${row.type}`);
    return el("div", { class: "row" }, row.components.map((part) => component(part, message, names, act)));
  });
}

function component(part, message, names, act) {
  if (part.type === BUTTON) return button(part, message, act);
  const offered = options(part, names);
  if (!offered) return undrawn(`a component of type ${part.type}`);
  return (part.max_values ?? 1) > 1 ? several(part, offered, message, act) : single(part, offered, message, act);
}

const emoji = (part) => (part.emoji ? `${part.emoji.id ? `:${part.emoji.name}:` : part.emoji.name} ` : "");

function button(part, message, act) {
  const words = [emoji(part), part.label ?? ""];
  if (part.style === LINK) {
    const out = el("span", { "aria-hidden": "true" }, "\u00a0↗\uFE0E");
    return link(part.url, { class: "button secondary" }, ...words, out);
  }
  if (!STYLES[part.style]) return undrawn(`a button of style ${part.style}`);
  const press = () => act.press(message, part.custom_id);
  const kind = `button ${STYLES[part.style]}`;
  return el("button", { type: "button", class: kind, disabled: part.disabled, onclick: press }, ...words);
}

function options(part, names) {
  const { members, roles, channels } = names.all();
  const as = (sign) => (one) => ({ value: one.id, label: sign + one.name });
  switch (part.type) {
    case STRINGS: return part.options.map((one) => ({ ...one, label: emoji(one) + one.label }));
    case USERS: return members.map(as("@"));
    case ROLES: return roles.map(as("@"));
    case BOTH: return [...members, ...roles].map(as("@"));
    case CHANNELS: return channels.filter((one) => !one.direct).map(as("#"));
    default: return null;
  }
}

function single(part, offered, message, act) {
  const words = part.placeholder ?? "Make a selection";
  const chosen = new Set((part.default_values ?? []).map((one) => one.id));
  const choose = (event) => act.choose(message, part.custom_id, event.target.value ? [event.target.value] : []);
  return el("select", { "aria-label": words, disabled: part.disabled, onchange: choose },
    el("option", { value: "", disabled: part.min_values !== 0, selected: true }, words),
    offered.map((one) => el("option", { value: one.value, selected: one.default || chosen.has(one.value) },
      one.description ? `${one.label} — ${one.description}` : one.label)));
}

function several(part, offered, message, act) {
  const boxes = offered.map((one) => {
    const box = el("input", { type: "checkbox", value: one.value, checked: one.default });
    const more = one.description ? el("span", { class: "dim" }, ` ${one.description}`) : null;
    return el("label", {}, box, " ", one.label, more);
  });
  const send = (event) => {
    const ticked = [...event.target.closest("details").querySelectorAll("input:checked")];
    act.choose(message, part.custom_id, ticked.map((box) => box.value));
  };
  return el("details", { class: "several" }, el("summary", {}, part.placeholder ?? "Make a selection"), boxes,
    el("button", { type: "button", class: "button primary", disabled: part.disabled, onclick: send }, "Choose"));
}
