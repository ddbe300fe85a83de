// Times as Discord writes them; relative ones tick.
import { el } from "./dom.js";

const STEPS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
let relatively;
const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

// The language of the person's client, in which relative times are written.
export function timesIn(locale) {
  relatively = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
}
timesIn("en");

function relative(second) {
  const passes = second - Date.now() / 1000;
  const [unit, length] = STEPS.find(([, one]) => Math.abs(passes) >= one) ?? STEPS.at(-1);
  return relatively.format(Math.trunc(passes / length), unit);
}

export function written(second, style = "f") {
  return new Intl.DateTimeFormat(undefined, STYLES[style] ?? STYLES.f).format(second * 1000);
}

export function timestamp(second, style) {
  if (!(Math.abs(second) < 8.64e12)) return null;
  const at = { class: "time", datetime: new Date(second * 1000).toISOString(), title: written(second, "F") };
  if (style !== "R") return el("time", at, written(second, style));
  return el("time", { ...at, "data-relative": second }, relative(second));
}

export function clock(second) {
  const today = new Date().toDateString() === new Date(second * 1000).toDateString();
  const words = written(second, today ? "t" : "d");
  return el("time", { datetime: new Date(second * 1000).toISOString(), title: written(second, "F") }, words);
}

setInterval(() => {
  for (const one of document.querySelectorAll("time[data-relative]")) {
    const now = relative(Number(one.dataset.relative));
    if (one.textContent !== now) one.textContent = now;
  }
}, 1000);
