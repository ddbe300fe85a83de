// One message: each part is redrawn only if it changed, so that a player keeps playing while a status changes.
import { appsButton, openApps } from "./apps.js";
import { avatar, el, link, size, undrawn } from "./dom.js";
import { components } from "./components.js";
import { blocks, inline, plain } from "./markdown.js";
import { clock, timestamp, written } from "./times.js";

const EMBED_PARTS = new Set(["type", "title", "url", "description", "color", "fields", "image", "thumbnail", "author",
  "footer", "timestamp", "flags"]);

export function messageView(message, names, act) {
  const menu = (event) => {
    const button = view.node.querySelector(".apps");
    if (!button || event.target.closest("a, img, input, textarea") || !act.apps(message).length) return;
    event.preventDefault();
    openApps(button, message, act);
  };
  const view = { node: el("article", { class: "message", id: `m${message.id}`, oncontextmenu: menu }), drawn: [] };
  update(view, message, names, act);
  return view;
}

export function update(view, message, names, act) {
  const { node } = view;
  node.classList.toggle("pinged", message.pings.includes(names.me));
  node.classList.toggle("private", message.ephemeral);
  node.setAttribute("aria-label", `${message.author.name}, ${written(message.at, "t")}`);
  const people = JSON.stringify(names.known());
  const here = Object.assign(Object.create(names), { everyone: message.everyone });
  parts(message, here, act).forEach(([facts, draw], index) => {
    const key = JSON.stringify(facts) + people;
    if (view.drawn[index]?.key === key) return;
    const part = el("div", { class: "part" }, draw());
    if (view.drawn[index]) view.drawn[index].part.replaceWith(part);
    else node.append(part);
    view.drawn[index] = { key, part };
  });
}

function parts(message, names, act) {
  const { author, content, embeds, files, forwarded, ephemeral, loading, edited, used, reply } = message;
  return [
    [[used, reply], () => [used && usedLine(used), reply && replyLine(message, reply, names)]],
    [[author, message.at], () => [avatar(author), head(message)]],
    [[message.id, loading], () => (loading || ephemeral ? null : appsButton(message, act))],
    [[content, edited, loading], () => [
      content || edited ? contentBox(content, edited, names) : null,
      loading ? el("p", { class: "thinking" }, `${author.name} is thinking`) : null,
    ]],
    [forwarded, () => (forwarded ? forwardedBox(forwarded, names) : null)],
    [files, () => files.map(fileBox)],
    [embeds, () => embeds.map((embed) => embedBox(embed, names))],
    [message.components, () => components(message, names, act)],
    [ephemeral, () => (ephemeral ? onlyYou(message, act) : null)],
  ];
}

// The text, and at the end of its last line that it was edited.
function contentBox(content, edited, names) {
  const box = el("div", { class: "content" }, blocks(content, names));
  const last = box.lastElementChild?.matches(".line, small") ? box.lastElementChild : box;
  if (edited) last.append(last === box ? "" : " ", el("span", { class: "edited", title: written(edited, "F") }, "(edited)"));
  return box;
}

function head(message) {
  const { author } = message;
  return el("div", { class: "head" },
    el("span", { class: "name" }, author.name),
    author.bot ? el("span", { class: "tag" }, "APP") : null,
    clock(message.at));
}

function usedLine(used) {
  return el("div", { class: "above" }, avatar(used, "small"), el("strong", {}, used.name), " used ",
    el("span", { class: "mention" }, `/${used.command}`));
}

// What another message showed when it was forwarded, and the way there for those who see its channel.
function forwardedBox(forwarded, names) {
  const { content, files, embeds, channel, id, at } = forwarded;
  const seen = names.all().channels.some((one) => one.id === channel);
  const way = () => link(`https://discord.com/channels/0/${channel}/${id}`, {}, `#${names.channel(channel)} • `, clock(at));
  return el("div", { class: "forwarded" },
    el("p", { class: "dim" }, el("span", { "aria-hidden": "true" }, "↱ "), el("em", {}, "Forwarded")),
    content ? el("div", { class: "content" }, blocks(content, names)) : null,
    files.map(fileBox), embeds.map((embed) => embedBox(embed, names)),
    seen ? el("p", { class: "dim" }, way()) : null);
}

function replyLine(message, reply, names) {
  const url = `https://discord.com/channels/0/${message.channel}/${reply.id}`;
  return el("div", { class: "above" }, reply.name ? el("strong", {}, reply.name) : null, " ",
    reply.name ? link(url, {}, plain(reply.words, names)) : el("em", {}, reply.words));
}

function onlyYou(message, act) {
  const dismiss = el("button", { type: "button", class: "plain", onclick: () => act.dismiss(message) },
    "Dismiss message");
  return el("p", { class: "only-you" }, "👁 Only you can see this • ", dismiss);
}

function embedBox(embed, names) {
  const { title, url, description, fields = [], author, footer, image, thumbnail } = embed;
  const unknown = Object.keys(embed).filter((part) => !EMBED_PARTS.has(part));
  const box = el("div", { class: "embed" },
    author ? el("p", { class: "by" }, icon(author), link(author.url ?? "", {}, author.name)) : null,
    title ? el("p", { class: "title" }, url ? link(url, {}, inline(title, names)) : inline(title, names)) : null,
    description ? el("div", { class: "content" }, blocks(description, names)) : null,
    fields.length ? el("dl", {}, fields.map((field) => fieldBox(field, names))) : null,
    thumbnail ? picture(thumbnail, title, "thumbnail") : null,
    image ? picture(image, title, "image") : null,
    footer || embed.timestamp ? el("p", { class: "foot" }, footer ? [icon(footer), footer.text] : null,
      footer && embed.timestamp ? " • " : null,
      embed.timestamp ? timestamp(Date.parse(embed.timestamp) / 1000, "f") : null) : null,
    unknown.map((part) => undrawn(`an embed's ${part}`)));
  if (Number.isInteger(embed.color)) {
    box.style.borderInlineStartColor = `#${embed.color.toString(16).padStart(6, "0")}`;
  }
  return box;
}

function fieldBox(field, names) {
  return el("div", { class: field.inline ? "inline" : "wide" },
    el("dt", {}, inline(field.name, names)), el("dd", {}, blocks(field.value, names)));
}

const icon = (part) => (part.address ? el("img", { class: "icon", src: part.address, alt: "" }) : null);

function picture(media, title, kind) {
  if (!media.address) return undrawn(`the picture at ${media.url}, which is not on this machine`);
  const words = media.description || (title ? `Picture: ${title}` : "Picture");
  return el("img", { class: kind, src: media.address, alt: words });
}

function fileBox(file) {
  const facts = el("p", { class: file.kind.startsWith("audio/") ? "what song" : "what" },
    el("a", { href: file.address, download: file.name }, file.name), " ", el("span", { class: "dim" }, size(file.size)));
  if (file.kind.startsWith("audio/")) {
    const words = file.description || file.name;
    const player = { controls: true, preload: "metadata", src: file.address, "aria-label": words, title: file.description };
    return el("div", { class: "file" }, facts, el("audio", player));
  }
  if (/^image\/(png|jpeg|gif|webp)$/.test(file.kind)) {
    return el("a", { href: file.address, target: "_blank", rel: "noopener" },
      el("img", { class: "image", src: file.address, alt: file.description || file.name }));
  }
  return el("div", { class: "file" }, facts);
}
