// A select of any kind: a button that opens a list, used with the mouse, the arrow keys, Enter and typed names.
import { el } from "./dom.js";

const STRINGS = 3, USERS = 5, ROLES = 6, BOTH = 7, CHANNELS = 8;
const PAUSE_MS = 700;
let made = 0;

export const isSelect = (part) => [STRINGS, USERS, ROLES, BOTH, CHANNELS].includes(part.type);

export const emoji = (part) => (part.emoji ? `${part.emoji.id ? `:${part.emoji.name}:` : part.emoji.name} ` : "");

function options(part, { members, roles, channels }) {
  const as = (sign) => (one) => ({ value: one.id, label: sign + one.name });
  const fits = (one) => !one.direct && (!part.channel_types?.length || part.channel_types.includes(one.kind));
  switch (part.type) {
    case STRINGS: return part.options.map((one) => ({ ...one, label: emoji(one) + one.label }));
    case USERS: return members.map(as("@"));
    case ROLES: return roles.map(as("@"));
    case BOTH: return [...members, ...roles].map(as("@"));
    default: return channels.filter(fits).map(as("#"));
  }
}

// The select's node and what is chosen in it; `done` is told of a change when the list closes.
export function select(part, names, { label = "", done = null } = {}) {
  const offered = options(part, names.all());
  const [least, most] = [part.min_values ?? 1, part.max_values ?? 1];
  const defaults = (part.default_values ?? []).map((one) => one.id);
  let chosen = offered.filter((one) => one.default || defaults.includes(one.value)).map((one) => one.value);
  let before = chosen, active = -1, typed = "", typedAt = 0;
  made += 1;
  const id = `select-${made}`;
  const words = part.placeholder ?? (most > 1 ? "Make selections" : "Make a selection");
  const button = el("button", { type: "button", role: "combobox", "aria-haspopup": "listbox", "aria-controls": id,
    "aria-expanded": "false", "aria-label": label || words, disabled: part.disabled, onclick: () => (list.hidden ? open() : close()),
    onkeydown: keys, onkeyup: (event) => { if (event.key === " ") event.preventDefault(); }, onblur: close });
  const list = el("ul", { id, role: "listbox", "aria-label": label || words, hidden: true,
    "aria-multiselectable": most > 1 ? "true" : null });
  list.append(...offered.map((one, index) => el("li", { id: `${id}-${index}`, role: "option",
    onmousedown: (event) => { event.preventDefault(); pick(index); } },
  el("span", {}, one.label), one.description ? el("small", {}, one.description) : null)));
  draw();

  function draw() {
    const labels = offered.filter((one) => chosen.includes(one.value)).map((one) => one.label);
    button.replaceChildren(el("span", { class: labels.length ? "" : "dim" }, labels.join(", ") || words),
      el("span", { "aria-hidden": "true" }, "⌄"));
    offered.forEach((one, index) => list.children[index].setAttribute("aria-selected", String(chosen.includes(one.value))));
  }

  function open() {
    before = chosen;
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    move(Math.max(0, offered.findIndex((one) => chosen.includes(one.value))));
    list.scrollIntoView({ block: "nearest" });
  }

  function close() {
    if (list.hidden) return;
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    button.removeAttribute("aria-activedescendant");
    if (done && chosen.length < least) chosen = before;
    draw();
    if (done && chosen.join() !== before.join()) done(chosen);
  }

  function move(index) {
    list.children[active]?.classList.remove("active");
    active = index;
    const item = list.children[index];
    item?.classList.add("active");
    item?.scrollIntoView({ block: "nearest" });
    if (item) button.setAttribute("aria-activedescendant", item.id);
  }

  function pick(index) {
    const { value } = offered[index];
    move(index);
    if (most === 1) chosen = chosen.includes(value) && least === 0 ? [] : [value];
    else if (chosen.includes(value)) chosen = chosen.filter((one) => one !== value);
    else if (chosen.length < most) chosen = [...chosen, value];
    draw();
    if (most === 1) close();
  }

  function search(letter) {
    typed = Date.now() - typedAt > PAUSE_MS ? letter : typed + letter;
    typedAt = Date.now();
    const bare = (one) => one.label.toLowerCase().replace(/^[@#]/, "");
    const found = offered.findIndex((one) => bare(one).startsWith(typed.toLowerCase()));
    if (found >= 0) move(found);
  }

  function keys(event) {
    const last = offered.length - 1;
    const to = { ArrowDown: Math.min(active + 1, last), ArrowUp: Math.max(active - 1, 0), Home: 0, End: last }[event.key];
    const isLetter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey;
    if (list.hidden) {
      if (!["Enter", " ", "ArrowDown", "ArrowUp"].includes(event.key)) return;
      open();
    } else if (to !== undefined) move(to);
    else if (["Enter", " "].includes(event.key)) pick(active);
    else if (event.key === "Escape") close();
    else if (isLetter) search(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return { node: el("div", { class: "select" }, button, list), values: () => chosen };
}
