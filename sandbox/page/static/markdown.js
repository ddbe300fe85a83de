// Discord's markdown, as far as bots use it, as nodes.
import { el, link } from "./dom.js";
import { timestamp } from "./times.js";

const INLINE = [
  [/^\\([^A-Za-z0-9\s])/, (found) => found[1]],
  [/^(`{1,2})([^`]|[^`].*?[^`])\1(?!`)/s, (found) => el("code", {}, found[2].trim() || found[2])],
  [/^\*\*\*(?=\S)(.+?\S?)\*\*\*/s, (found, names) => el("strong", {}, el("em", {}, inline(found[1], names)))],
  [/^\*\*(?=\S)(.+?)\*\*(?!\*)/s, (found, names) => el("strong", {}, inline(found[1], names))],
  [/^__(.+?)__(?!_)/s, (found, names) => el("u", {}, inline(found[1], names))],
  [/^~~(.+?)~~/s, (found, names) => el("s", {}, inline(found[1], names))],
  [/^\|\|(.+?)\|\|/s, (found, names) => spoiler(inline(found[1], names))],
  [/^\*(?=\S)((?:\*\*|\\.|[^*])+?)\*(?!\*)/s, (found, names) => el("em", {}, inline(found[1], names))],
  [/^_((?:__|\\.|[^_])+?)_(?!\w)/s, (found, names) => el("em", {}, inline(found[1], names))],
  [/^<@!?(\d+)>/, (found, names) => mention(`@${names.user(found[1])}`, found[1] === names.me)],
  [/^<@&(\d+)>/, (found, names) => mention(`@${names.role(found[1])}`)],
  [/^<#(\d+)>/, (found, names) => mention(`#${names.channel(found[1])}`)],
  [/^<\/([^:<>]+):\d+>/, (found) => mention(`/${found[1]}`)],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (found) => timestamp(Number(found[1]), found[2]) ?? found[0]],
  [/^<a?(:\w+:)\d+>/, (found) => el("span", { title: "an emoji of a server's own" }, found[1])],
  [/^\[((?:\\.|[^\]\\\n])+)\]\(<?(https?:\/\/[^\s<>)]+)>?(?:\s+"([^"]*)")?\)/,
    (found, names) => link(found[2], { title: found[3] ?? found[2] }, inline(found[1], names))],
  [/^<(https?:\/\/[^\s<>]+)>/, (found) => link(found[1], {}, found[1])],
  [/^https?:\/\/[^\s<>]*[^\s<>.,:;!?"'()\]*_~|]/, (found) => link(found[0], {}, found[0])],
  [/^@(everyone|here)\b/, (found, names) => (names.everyone ? mention(found[0], true) : found[0])],
];

const mention = (words, mine) => el("span", { class: mine ? "mention mine" : "mention" }, words);

function spoiler(nodes) {
  const show = (event) => event.currentTarget.classList.add("shown");
  return el("button", { type: "button", class: "spoiler", "aria-label": "Spoiler", onclick: show }, nodes);
}

// One or more lines of text as nodes; `names` has the names of ids.
export function inline(text, names) {
  const nodes = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const inWord = /\w/.test(text[at - 1] ?? "");
    const rule = INLINE.find(([pattern]) => pattern.test(rest) && !(inWord && /^(_[^_]|h)/.test(rest)));
    if (!rule) {
      const step = /^(?:[A-Za-z0-9]+|.)/su.exec(rest)[0].length;
      plain += rest.slice(0, step);
      at += step;
      continue;
    }
    const found = rule[0].exec(rest);
    nodes.push(plain, rule[1](found, names));
    plain = "";
    at += found[0].length;
  }
  return [...nodes, plain].filter((node) => node !== "");
}

// A message's text: blocks of code, quotes, headings, lists, small print and lines.
export function blocks(text, names) {
  const made = [];
  text.split(/```(?:[\w+-]*\n)?([\s\S]+?)\n?```/).forEach((part, index) => {
    if (index % 2) made.push(el("pre", { tabindex: 0 }, el("code", {}, part)));
    else made.push(...lines(part.replace(/^\n|\n$/g, ""), names));
  });
  return made;
}

// The text as one line of words: what is read in it, without its markup and with spoilers covered.
export function plain(text, names) {
  const read = el("div", {}, blocks(text, names));
  for (const block of read.querySelectorAll("div, li, p, pre, small")) block.append(" ");
  for (const hidden of read.querySelectorAll(".spoiler")) hidden.textContent = "▇▇▇";
  return read.textContent.replace(/\s+/g, " ").trim();
}

const LINES = [
  [/^(#{1,3})\s+(.+)/, (found, names) => el("p", { class: `h${found[1].length}`, role: "heading",
    "aria-level": found[1].length + 3 }, inline(found[2], names))],
  [/^-#\s+(.+)/, (found, names) => el("small", {}, inline(found[1], names))],
];

function lines(text, names) {
  if (text === "") return [];
  const made = [];
  const all = text.split("\n");
  while (all.length) {
    const line = all.shift();
    const rule = LINES.find(([pattern]) => pattern.test(line));
    if (rule) made.push(rule[1](rule[0].exec(line), names));
    else if (/^>>> /.test(line)) {
      made.push(el("blockquote", {}, lines([line.slice(4), ...all.splice(0)].join("\n"), names)));
    } else if (/^> /.test(line)) made.push(el("blockquote", {}, lines(taken(line, all, /^> ?/), names)));
    else if (ITEM.test(line)) made.push(list(line, all, names));
    else made.push(paragraph(line, all, names));
  }
  return made;
}

const isBlock = (line) => /^(?:>|>>>) /.test(line) || ITEM.test(line)
  || LINES.some(([pattern]) => pattern.test(line));

// Lines that belong together, for what is bold or hidden can reach over several of them.
function paragraph(first, rest, names) {
  const same = [first];
  while (rest.length && !isBlock(rest[0])) same.push(rest.shift());
  const text = same.join("\n");
  return el("div", { class: "line" }, inline(text, names), text.endsWith("\n") || text === "" ? el("br") : null);
}

function taken(first, rest, prefix) {
  const same = [first];
  while (rest.length && /^> /.test(rest[0])) same.push(rest.shift());
  return same.map((line) => line.replace(prefix, "")).join("\n");
}

const ITEM = /^(\s*)(?:[-*]|(\d+)\.)\s+(.+)/;

function list(line, rest, names) {
  const [, indent, number] = ITEM.exec(line);
  const made = number ? el("ol", { start: number }) : el("ul");
  for (let item = ITEM.exec(line); item; item = ITEM.exec(rest[0] ?? "")) {
    if (line === null && (item[1].length < indent.length || (item[1] === indent && !item[2] !== !number))) break;
    if (line === null && item[1].length > indent.length) {
      made.lastChild.append(list(rest.shift(), rest, names));
      continue;
    }
    made.append(el("li", {}, inline(item[3], names)));
    if (line === null) rest.shift();
    line = null;
  }
  return made;
}
