// The side of the page: channels, people, the drawers on small screens, dark and light.
import { avatar, byId, el } from "./dom.js";

export function drawChannels({ places, channel, news }, go) {
  const items = places.channels.map((one) => {
    const count = news.get(one.id);
    const sign = one.direct ? "@" : one.private ? "🔒" : "#";
    return el("li", {}, el("button", {
      type: "button", class: news.has(one.id) ? "unread" : "", onclick: () => go(one.id),
      "aria-current": one.id === channel ? "page" : null,
    }, el("span", { class: "sign", "aria-hidden": "true" }, sign), one.direct ? "Inspire" : one.name,
    one.private ? el("span", { class: "hidden" }, " (private)") : null,
    one.direct ? el("span", { class: "hidden" }, " (direct messages)") : null,
    count ? el("span", { class: "count" }, String(count), el("span", { class: "hidden" }, " mentions")) : null));
  });
  byId("channels").replaceChildren(...items);
}

export function drawPeople(places, person, become, speak) {
  const lines = places.people.map((one) => {
    const pick = { type: "radio", name: "person", value: one.name, checked: one.name === person,
      onchange: () => become(one.name) };
    return el("label", {}, el("input", pick), avatar(one), el("span", {}, el("strong", {}, one.name),
      el("small", {}, one.standing)));
  });
  const options = places.locales.map(({ code, name }) => el("option", { value: code, lang: code,
    selected: code === places.locale }, name));
  const language = el("label", { class: "language" }, el("span", {}, "Language"),
    el("select", { name: "language", onchange: ({ target }) => speak(target.value) }, options));
  const focused = document.activeElement?.closest("#people") && document.activeElement.name;
  byId("people").replaceChildren(el("legend", {}, "You are"), ...lines, language);
  if (focused) byId("people").querySelector(`select[name=${focused}], input[name=${focused}]:checked`)?.focus();
}

const SIDES = ["places", "world"];

function toggle(side, open) {
  byId(side).classList.toggle("open", open);
  byId(`show-${side}`).setAttribute("aria-expanded", String(open));
}

export const drawers = { close: () => SIDES.forEach((side) => toggle(side, false)) };

for (const side of SIDES) {
  byId(`show-${side}`).addEventListener("click", () => {
    const open = !byId(side).classList.contains("open");
    drawers.close();
    toggle(side, open);
    if (open) byId(side).querySelector("button, input:checked")?.focus();
  });
}
document.querySelector("main").addEventListener("pointerdown", ({ target }) => {
  if (!target.closest("[aria-controls=places], [aria-controls=world]")) drawers.close();
});
document.addEventListener("keydown", ({ key }) => {
  const open = SIDES.find((side) => byId(side).classList.contains("open"));
  if (key !== "Escape" || !open) return;
  drawers.close();
  byId(`show-${open}`).focus();
});

export function shownTheme() {
  byId("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
}
