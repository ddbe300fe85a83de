// A modal: fields to fill in, as the bot asked for them.
import { byId, el, undrawn } from "./dom.js";
import { blocks } from "./markdown.js";

const ROW = 1, STRINGS = 3, INPUT = 4, WORDS = 10, LABEL = 18;

export function showModal(modal, names, submit) {
  const dialog = byId("modal");
  const problem = el("p", { class: "mistake", role: "alert" });
  const send = async (event) => {
    event.preventDefault();
    const fields = [...event.target.elements].filter((one) => one.name);
    const values = Object.fromEntries(fields.map((one) => [one.name, one.value]));
    const answer = await submit(modal, values);
    if (answer.error) problem.textContent = answer.error;
    else dialog.close();
  };
  dialog.replaceChildren(el("form", { onsubmit: send },
    el("h2", { id: "modal-title" }, modal.title),
    modal.components.map((part) => field(part, names)), problem,
    el("p", { class: "ends" },
      el("button", { type: "button", class: "button plain", onclick: () => dialog.close() }, "Cancel"),
      el("button", { type: "submit", class: "button primary" }, "Submit"))));
  dialog.showModal();
}

function field(part, names) {
  if (part.type === WORDS) return el("div", { class: "content" }, blocks(part.content, names));
  if (part.type === ROW) return part.components.map((one) => labelled(one, one.label, ""));
  if (part.type === LABEL) return labelled(part.component, part.label, part.description ?? "");
  return undrawn(`a part of type ${part.type} in a modal`);
}

function labelled(part, label, description) {
  const required = part.required !== false;
  const control = part.type === INPUT ? input(part, required) : part.type === STRINGS ? select(part, required) : null;
  if (!control) return undrawn(`a field of type ${part.type} in a modal`);
  const star = required ? el("span", { class: "star", "aria-hidden": "true" }, " *") : null;
  return el("label", {}, el("span", {}, label, star),
    description ? el("small", {}, description) : null, control);
}

function input(part, required) {
  const given = { name: part.custom_id, required, minlength: part.min_length, maxlength: part.max_length ?? 4000,
    placeholder: part.placeholder };
  if (part.style === 2) return el("textarea", { ...given, rows: 4 }, part.value ?? "");
  return el("input", { ...given, type: "text", value: part.value });
}

function select(part, required) {
  return el("select", { name: part.custom_id, required },
    el("option", { value: "" }, part.placeholder ?? "Make a selection"),
    part.options.map((one) => el("option", { value: one.value, selected: one.default }, one.label)));
}
