// Reading and reaching: the end of the list, one Tab stop for all messages, and keys that find the composer.
import { byId, el } from "./dom.js";

const list = byId("messages"), present = byId("present");
const STOPS = "a[href], button, audio, [tabindex]";
const EDITABLE = "input:not([type=radio]), textarea, [contenteditable], dialog *, [role=menu] *";
let atEnd = true, top = 0, current = null;

// Whoever reads the end stays there when the list grows, also when a picture comes late.
export function stay() {
  if (atEnd) list.scrollTop = list.scrollHeight;
  present.hidden = atEnd;
}

export function toEnd() {
  atEnd = true;
  stay();
}

list.addEventListener("load", stay, true);
new ResizeObserver(stay).observe(list);
list.addEventListener("scroll", () => {
  const near = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  if (near || list.scrollTop < top) atEnd = near; // the list may have grown since it was scrolled
  top = list.scrollTop;
  present.hidden = atEnd;
});
present.addEventListener("click", () => {
  toEnd();
  byId("words").focus();
});

// One message at a time is reached with Tab, and what is in it; the arrow keys lead to the others.
export function reachable(article) {
  if (article === current || (!current?.isConnected && article === list.lastElementChild)) return enter(article);
  return set(article, false);
}

export function reachLast() {
  if (!list.contains(document.activeElement)) enter(list.querySelector("article:last-of-type"));
}

function enter(article) {
  if (current && current !== article) set(current, false);
  current = article;
  if (article) set(article, true);
}

function set(article, open) {
  article.tabIndex = open ? 0 : -1;
  for (const stop of article.querySelectorAll(STOPS)) stop.tabIndex = open ? 0 : -1;
}

list.addEventListener("focusin", ({ target }) => {
  const article = target.closest("article");
  if (article && article !== current) enter(article);
});
list.addEventListener("keydown", (event) => {
  const article = event.target.closest("article");
  if (event.target !== article || !article) return;
  const articles = [...list.querySelectorAll("article")];
  const to = { ArrowUp: articles.indexOf(article) - 1, ArrowDown: articles.indexOf(article) + 1, Home: 0,
    End: articles.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  articles[to]?.focus();
  articles[to]?.scrollIntoView({ block: "nearest" });
});

// What is typed anywhere goes to the composer, as in Discord.
document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  const isPaste = (ctrlKey || metaKey) && key.toLowerCase() === "v";
  const isLetter = key.length === 1 && !ctrlKey && !metaKey && !altKey;
  if (event.defaultPrevented || target.closest(EDITABLE) || document.querySelector("dialog[open]")) return;
  if (!isPaste && (!isLetter || (key === " " && target.closest("button, a, audio, label")))) return;
  const field = byId("command").hidden ? byId("words") : byId("command").querySelector("label:last-child input");
  field?.focus();
});

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("words").focus();
});

export function notice(words) {
  const shown = el("p", { class: "toast", role: "status" }, words);
  byId("toasts").replaceChildren(shown);
  setTimeout(() => shown.remove(), 5000);
}
