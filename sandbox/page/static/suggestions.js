// What is offered above the composer: a list to choose from by arrow keys, Enter, Tab or a click.
import { byId, el } from "./dom.js";

export function suggestions() {
  const box = byId("picker"), list = byId("choices");
  let items = [], active = -1, owner = null;

  function show(input, { title = "", hint = "", problem = "", note = "", items: given, first = false, more = [] }) {
    if (owner && owner !== input) closed(owner);
    owner = input;
    items = given;
    byId("hint").replaceChildren(...[
      title ? el("strong", {}, title) : null, hint ? el("span", {}, hint) : null,
      problem ? el("span", { class: "mistake", role: "alert" }, problem) : null, note ? el("em", {}, note) : null,
    ].filter(Boolean));
    byId("hint").hidden = !byId("hint").childNodes.length;
    list.replaceChildren(...items.map((item, index) => el("div", {
      role: "option", id: `choice-${index}`, "aria-selected": "false",
      onmousedown: (event) => { event.preventDefault(); item.choose(); },
    }, el("span", { class: "label" }, item.label), " ", item.more ? el("span", { class: "dim" }, item.more, " ") : null,
    item.detail ? el("small", {}, item.detail) : null)));
    list.hidden = !items.length;
    byId("optional").replaceChildren(...(more.length ? [el("span", {}, `+${more.length} optional`)] : []),
      ...more.map((one) => el("button", { type: "button", title: one.title, onclick: one.choose }, one.label)));
    box.hidden = false;
    input.setAttribute("aria-expanded", String(items.length > 0));
    select(first && items.length ? 0 : -1);
  }

  function closed(input) {
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function hide() {
    if (owner) closed(owner);
    [items, active, owner, box.hidden] = [[], -1, null, true];
  }

  function select(index) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = index;
    const chosen = list.children[active];
    chosen?.setAttribute("aria-selected", "true");
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) owner.setAttribute("aria-activedescendant", chosen.id);
    else owner?.removeAttribute("aria-activedescendant");
  }

  // Whether the key was for the list.
  function key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (box.hidden || !items.length || event.shiftKey) return false;
    if (moves[event.key]) {
      const last = active < 0 && moves[event.key] < 0;
      select(last ? items.length - 1 : (active + moves[event.key] + items.length) % items.length);
    } else if (["Enter", "Tab"].includes(event.key) && active >= 0) items[active].choose();
    else return false;
    event.preventDefault();
    return true;
  }

  function left({ relatedTarget }) {
    if (!relatedTarget?.closest("#picker, #composer")) hide();
  }

  return { show, hide, key, left };
}
