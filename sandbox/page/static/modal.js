// A modal: fields to fill in, as the bot asked for them.
import { byId, el, undrawn } from "./dom.js";
import { blocks } from "./markdown.js";
import { isSelect, select } from "./select.js";

const ROW = 1, INPUT = 4, WORDS = 10, LABEL = 18;

export function showModal(modal, names, submit) {
  const dialog = byId("modal");
  const problem = el("p", { class: "mistake", role: "alert" });
  const given = {};
  const send = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(Object.entries(given).map(([id, value]) => [id, value()]));
    const answer = await submit(modal, values);
    if (answer.error) problem.textContent = answer.error;
    else dialog.close();
  };
  dialog.replaceChildren(el("form", { onsubmit: send },
    el("h2", { id: "modal-title" }, modal.title),
    modal.components.map((part) => field(part, names, given)), problem,
    el("p", { class: "ends" },
      el("button", { type: "button", class: "button plain", onclick: () => dialog.close() }, "Cancel"),
      el("button", { type: "submit", class: "button primary" }, "Submit"))));
  dialog.showModal();
}

function field(part, names, given) {
  if (part.type === WORDS) return el("div", { class: "content" }, blocks(part.content, names));
  if (part.type === ROW) return part.components.map((one) => labelled(one, { label: one.label }, names, given));
  if (part.type === LABEL) return labelled(part.component, part, names, given);
  return undrawn(`a part of type ${part.type} in a modal`);
}

function labelled(part, { label, description }, names, given) {
  const required = part.required !== false;
  const heading = [
    el("span", {}, label, required ? el("span", { class: "star", "aria-hidden": "true" }, " *") : null),
    description ? el("small", {}, description) : null,
  ];
  if (isSelect(part)) {
    const { node, values } = select(part, names, { label });
    given[part.custom_id] = values;
    return el("div", { class: "field" }, heading, node);
  }
  if (part.type !== INPUT) return undrawn(`a field of type ${part.type} in a modal`);
  const control = input(part, required);
  given[part.custom_id] = () => control.value;
  return el("label", { class: "field" }, heading, control);
}

function input(part, required) {
  const given = { name: part.custom_id, required, minlength: part.min_length, maxlength: part.max_length ?? 4000,
    placeholder: part.placeholder };
  if (part.style === 2) return el("textarea", { ...given, rows: 4 }, part.value ?? "");
  return el("input", { ...given, type: "text", value: part.value });
}
