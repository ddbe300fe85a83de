// Buttons and selects under a message.
import { el, link, undrawn } from "./dom.js";
import { emoji, isSelect, select } from "./select.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };
const ROW = 1, BUTTON = 2, LINK = 5;

export function components(message, names, act) {
  return message.components.map((row) => {
    if (row.type !== ROW) return undrawn(`a component of type ${row.type}`);
    return el("div", { class: "row" }, row.components.map((part) => component(part, message, names, act)));
  });
}

function component(part, message, names, act) {
  if (part.type === BUTTON) return button(part, message, act);
  if (!isSelect(part)) return undrawn(`a component of type ${part.type}`);
  return select(part, names, { done: (values) => act.choose(message, part.custom_id, values) }).node;
}

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
