// Building the page: every text becomes a text node, so user-written text is never markup.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(9).filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

const AVATARS = ["#5865f2", "#2d7d46", "#a6591c", "#b5305f", "#6b4fbb", "#20718f"];

export function avatar(user, kind = "") {
  if (user.bot) return el("img", { class: `avatar ${kind}`, src: "static/icon.svg", alt: "" });
  const made = el("span", { class: `avatar ${kind}`, "aria-hidden": "true" }, user.name.slice(0, 1) || "?");
  const sum = [...user.name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  made.style.background = AVATARS[sum % AVATARS.length];
  return made;
}

// What the page cannot draw is shown as a sentence.
export const undrawn = (what) => el("p", { class: "undrawn" }, `This page cannot draw ${what}.`);

export function size(bytes) {
  if (bytes >= 1 << 20) return `${(bytes / (1 << 20)).toFixed(2)} MB`;
  return bytes >= 1024 ? `${(bytes / 1024).toFixed(2)} KB` : `${bytes} bytes`;
}

const JUMP = /^https:\/\/(?:\w+\.)?discord\.com\/channels\/\d+\/(\d+)\/(\d+)$/;

// The demo's playlists and songs have ids that nobody made at the real service.
const MADE_UP = /^https?:\/\/(?:[\w-]+\.)*suno\.(?:com|ai)(?:\/|$)/i;

function madeUp(url, attributes, children) {
  const stay = (event) => {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("elsewhere", { detail: url }));
  };
  return el("a", { href: url, onclick: stay, onauxclick: stay, ...attributes }, ...children);
}

// A link to elsewhere opens a page of its own; one to a message leads there within this page.
export function link(url, attributes, ...children) {
  const jump = JUMP.exec(url);
  if (!jump) {
    if (!/^https?:\/\//i.test(url)) return el("span", {}, ...children);
    if (MADE_UP.test(url)) return madeUp(url, attributes, children);
    return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...attributes }, ...children);
  }
  const go = (event) => {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("jump", { detail: { channel: jump[1], message: jump[2] } }));
  };
  return el("a", { href: url, onclick: go, ...attributes }, ...children);
}
