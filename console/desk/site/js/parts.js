/** The parts a sheet is laid out from: values with their letters named, words, fields, sections. */
import { CONFIG } from "./built/config.js";
import { h } from "./dom.js";
import { unusualLetters } from "./letters.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const LONGEST_UNBROKEN = 20;
const MACHINE = new Set(["id", "bytes"]);
const IN_WORDS = new Set(["hash", "words"]);

/** A value set apart from the text around it, so that its letters cannot turn or join their neighbours. */
export function value(text) {
  return h("bdi", { class: "value" }, ...unbroken(text));
}

/** Short words with a hyphen, such as `ams-1`, are not broken over lines. @param {string} text */
export function unbroken(text) {
  return text.split(/(\s+)/).map((word) =>
    word.includes("-") && word.length <= LONGEST_UNBROKEN ? h("span", { class: "unbroken" }, word) : word,
  );
}

/** The words of a fingerprint, numbered, as people read them to each other. @param {string[]} words */
export function wordGrid(words) {
  return h("ol", { class: "words" }, ...words.map((word) => h("li", {}, h("span", {}, word))));
}

/** This desk's address, host foremost. */
export function origin() {
  const [scheme, host] = CONFIG.origin.split("://");
  return h("p", { class: "origin" }, h("span", { class: "scheme" }, `${scheme}://`), h("bdi", {}, host));
}

/** The letters that could be mistaken for others, named; null if there are none. @param {string} text */
export function letterWarning(text) {
  const unusual = unusualLetters(text);
  if (!unusual.length) return null;
  const named = unusual.map(({ letter, point, script }) => `“${letter}” ${script} ${point}`).join(", ");
  return h("p", { class: "letters" }, h("strong", {}, "Look closely: "), `unusual letters here: ${named}`);
}

/** @param {import("./rows.js").Section} one @param {number} level of the heading */
export function sectionOf(one, level = 2) {
  return h(
    "section",
    { class: one.title === "Identifiers" ? "fields technical" : "fields" },
    h(`h${level}`, {}, one.title),
    ...one.groups.map((group) => groupOf(group, level + 1)),
  );
}

/** @param {import("./rows.js").Group} group @param {number} level */
function groupOf(group, level) {
  return h(
    "div",
    { class: "group" },
    group.title ? h(`h${level}`, {}, value(group.title)) : null,
    group.title ? letterWarning(group.title) : null,
    h("dl", {}, ...group.rows.flatMap((row) => [h("dt", {}, row.label), h("dd", {}, ...shown(row))])),
  );
}

/** @param {import("./rows.js").Row} row */
function shown(row) {
  if (IN_WORDS.has(row.kind) && row.detail) {
    return [h("span", { class: "inline-words" }, row.value), h("code", {}, row.detail)];
  }
  if (MACHINE.has(row.kind)) return [h("code", {}, row.value)];
  if (row.kind === "time") return [h("span", {}, row.value), h("small", {}, inLocalTime(row.value))];
  const detail = row.detail && row.detail !== row.value ? h("code", {}, row.detail) : null;
  const weaker = row.weaker ? h("strong", { class: "weaker" }, ...unbroken(row.weaker)) : null;
  return [value(row.value), weaker, detail, letterWarning(row.value)].filter((part) => part !== null);
}

/** @param {string} text such as 2026-11-23 21:30:00 UTC */
function inLocalTime(text) {
  const date = new Date(text.replace(" UTC", "Z").replace(" ", "T"));
  return `${format(date)} here`;
}

/** @param {Date} date */
function format(date) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" }).format(date);
}

/** How long it still is until a time, in at most two units. @param {number} seconds */
export function remaining(seconds) {
  if (seconds <= 0) return "expired";
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${seconds % MINUTE} s`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`;
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

/** @param {number} time seconds since 1970 */
export function moment(time) {
  return format(new Date(time * 1000));
}
