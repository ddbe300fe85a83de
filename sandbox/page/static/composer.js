// The line at the bottom: messages, and commands with their options.
import { byId, el } from "./dom.js";
import { completed, leaves, mistake, offered } from "./options.js";
import { suggestions } from "./suggestions.js";

const PAUSE_MS = 120, IN_CHAT = 1;

export function composer({ ask, answered, toEnd }) {
  const words = byId("words"), holder = byId("command"), form = byId("composer");
  let places = null, channel = null, command = null, fields = [], typing = 0;
  const popup = suggestions();

  function placesAre(now, open) {
    if (open !== channel) leave();
    [places, channel] = [now, open];
    const here = places.channels.find((one) => one.id === channel);
    const label = here.direct ? "Message Inspire" : `Message #${here.name}`;
    words.placeholder = label;
    words.setAttribute("aria-label", label);
    if (document.activeElement === words) suggestCommands();
  }

  function suggestCommands() {
    if (!words.value.startsWith("/")) return popup.hide();
    const typed = words.value.slice(1).trim().toLowerCase();
    const all = leaves((places.commands[channel] ?? []).filter(({ type }) => type === IN_CHAT));
    const named = all.filter(({ path }) => words.value.startsWith(`/${path} `)).at(-1);
    if (named) return enter(named, words.value.slice(named.path.length + 2));
    const found = all.filter(({ path }) => path.startsWith(typed) || path.includes(` ${typed}`));
    const items = found.map((one) => ({
      label: `/${one.path}`, detail: one.description, choose: () => enter(one),
      more: one.options.map(({ name }) => name).join(" "),
    }));
    const none = all.length ? "No command begins like this." : "No commands yet: the bot has to start first.";
    return popup.show(words, { hint: items.length ? "" : none, items, first: typed !== "" });
  }

  // The space after a command's name enters it, and what follows goes to its first option.
  function enter(chosen, rest = "") {
    command = chosen;
    fields = [];
    words.value = "";
    words.hidden = true;
    holder.hidden = false;
    holder.replaceChildren(el("span", { class: "chosen" }, `/${command.path}`));
    command.options.filter((option) => option.required).forEach(add);
    if (!fields.length && command.options.length) add(command.options[0]);
    popup.hide();
    if (fields.length) fields[0].input.value = rest.trim();
    (fields[0]?.input ?? byId("send")).focus();
  }

  function leave(focus = false) {
    typing += 1; // pending suggestions come too late
    command = null;
    fields = [];
    holder.hidden = true;
    words.hidden = false;
    popup.hide();
    if (focus) words.focus();
  }

  function add(option) {
    const input = el("input", {
      type: "text", name: option.name, role: "combobox", "aria-expanded": "false", "aria-controls": "choices",
      "aria-autocomplete": "list", "aria-describedby": "hint", "aria-required": String(Boolean(option.required)),
      spellcheck: "false", onfocus: () => suggest(field), onblur: () => mark(field), oninput: () => edited(field),
      onkeydown: (event) => keys(event, field),
    });
    const field = { option, input, value: undefined };
    fields.push(field);
    holder.append(el("label", { class: "option" }, el("span", {}, option.name), input));
    return field;
  }

  function remove(field) {
    const index = fields.indexOf(field);
    fields.splice(index, 1);
    field.input.closest("label").remove();
    (fields[index - 1] ?? fields[0])?.input.focus();
  }

  function edited(field) {
    field.value = undefined;
    field.input.removeAttribute("aria-invalid");
    suggest(field);
  }

  const wrong = (field) => mistake(field.option, field.input.value, field.value);

  function mark(field) {
    const bare = (name) => name.trim().toLowerCase().replace(/^[@#]/, "");
    const typed = bare(field.input.value);
    const same = (offered(field.option, places) ?? []).filter(({ name }) => bare(name) === typed);
    if (typed && same.length === 1) pick(field, same[0]);
    if (field.input.value && wrong(field)) field.input.setAttribute("aria-invalid", "true");
  }

  function pick(field, choice) {
    field.input.value = choice.name;
    field.value = choice.value;
    field.input.removeAttribute("aria-invalid");
  }

  async function suggest(field) {
    const { option, input } = field;
    typing += 1;
    const turn = typing;
    const typed = field.value === undefined ? input.value.trim().toLowerCase() : "";
    const choices = offered(option, places);
    const fits = (choices ?? []).filter(({ name }) => name.toLowerCase().includes(typed)).slice(0, 25);
    show(field, fits, choices !== null && field.value === undefined);
    if (!completed(option) || field.value !== undefined) return;
    await new Promise((done) => { setTimeout(done, PAUSE_MS); });
    if (turn !== typing) return;
    const others = fields.filter((one) => one !== field && one.input.value && !wrong(one));
    const options = { ...valuesOf(others), [option.name]: input.value };
    const answer = await ask("complete", { channel, command: command.path, options });
    if (turn !== typing || document.activeElement !== input) return;
    const none = answer.choices?.length ? "" : "No options match your search.";
    show(field, answer.choices ?? [], false, answer.failed ?? answer.error ?? none);
  }

  function show(field, choices, first, note = "") {
    const { option, input } = field;
    const problem = input.getAttribute("aria-invalid") ? wrong(field) : "";
    const items = choices.map((one) => ({ label: one.name, choose: () => { pick(field, one); next(field); } }));
    const entered = fields.map((one) => one.option);
    const more = command.options.filter((one) => !entered.includes(one));
    popup.show(input, {
      title: option.name, hint: option.description + (option.required ? " (required)" : ""),
      problem, note, items, first,
      more: more.map((one) => ({ label: one.name, title: one.description, choose: () => add(one).input.focus() })),
    });
  }

  function next(field) {
    const empty = fields.find((one) => one.option.required && !one.input.value);
    (empty ?? field).input.focus();
    suggest(empty ?? field);
  }

  const valuesOf = (some) => Object.fromEntries(
    some.map(({ option, input, value }) => [option.name, value ?? input.value]));

  function send() {
    fields.forEach(mark);
    const bad = fields.find(wrong);
    if (bad) {
      bad.input.setAttribute("aria-invalid", "true");
      bad.input.focus();
      return suggest(bad);
    }
    const options = valuesOf(fields.filter(({ input }) => input.value.trim()));
    const details = { channel, command: command.path, options };
    leave(true);
    toEnd();
    return ask("use", details).then(answered);
  }

  function say() {
    const content = words.value.trim();
    if (content === "/") return;
    words.value = "";
    popup.hide();
    if (!content) return;
    toEnd();
    ask("say", { channel, content }).then(answered);
  }

  function keys(event, field) {
    if (popup.key(event)) return;
    if (event.key === "Escape") leave(true);
    if (event.key === "Enter") form.requestSubmit();
    else if (event.key === "Backspace" && !field.input.value) {
      if (fields.length === 1 || field.option.required) leave(true);
      else remove(field);
    } else return;
    event.preventDefault();
  }

  words.addEventListener("input", suggestCommands);
  words.addEventListener("focus", suggestCommands);
  words.addEventListener("blur", (event) => popup.left(event));
  holder.addEventListener("focusout", (event) => popup.left(event));
  words.addEventListener("keydown", (event) => {
    if (popup.key(event)) return;
    if (event.key === "Escape") popup.hide();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (command) send();
    else say();
  });
  return { placesAre };
}
