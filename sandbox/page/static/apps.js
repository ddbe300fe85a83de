// The menu "Apps" of a message: what a bot offers to do with it.
import { byId, el } from "./dom.js";

const ON_MESSAGE = 3;
let close = () => {};

export const offersApps = (places, channel) => (places.commands[channel] ?? []).filter(({ type }) => type === ON_MESSAGE);

// The button in the corner of a message, which a right click stands for as well.
export function appsButton(message, act) {
  return el("button", { type: "button", class: "apps", "aria-label": "Apps", "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: (event) => openApps(event.currentTarget, message, act) }, "⋯");
}

export function openApps(button, message, act) {
  const wasOpen = button.getAttribute("aria-expanded") === "true";
  close();
  const commands = act.apps(message);
  if (wasOpen || !commands.length) return;
  const items = commands.map(({ name, name_localized: shown = name }) => el("button", { type: "button",
    role: "menuitem", onclick: () => { close(); act.useOn(message, name); } }, shown));
  const menu = el("div", { class: "menu", role: "menu", "aria-label": "Apps", onkeydown: keys, onfocusout: left },
    el("span", { class: "dim", "aria-hidden": "true" }, "Apps"), items);
  close = () => {
    close = () => {};
    button.setAttribute("aria-expanded", "false");
    menu.remove();
  };
  button.setAttribute("aria-expanded", "true");
  button.after(menu);
  items[0].focus();

  function left({ relatedTarget }) {
    if (!menu.contains(relatedTarget)) close();
  }

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      close();
      button.focus();
    } else if (step) items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export function showApps(places, channel) {
  byId("messages").classList.toggle("has-apps", offersApps(places, channel).length > 0);
}
