/**
 * What people read before they sign a proposal: one sentence and every field, from its members and the embedded
 * catalogue alone. The same as `hsmnodes/node/operations/sentences.py`; `tests/vectors/rendering.json` holds
 * both to it. What the catalogue has no rendering for is refused.
 */
import { CATALOGUE } from "./built/catalogue.js";
import { fromB64u, sha256Hex } from "./canonical.js";
import { checkFields } from "./fields.js";
import { Refused } from "./refusal.js";
import { fingerprint } from "./words.js";

/** @typedef {{label: string, value: string, detail: string, kind: string, path: string, weaker?: string}} Row
 * `weaker` says of a rule what it falls short of. */
/** @typedef {{text: string, isValue: boolean}} Part */

const QUOTED = new Set(["text", "named", "id"]);
const PLACE = /\{([a-z_.[\]]+)\}(?: \(\{([a-z_.[\]]+)\}\))?/g;

/** The operation of a proposal as the catalogue describes it. @param {string} tag */
export function operationOf(tag) {
  if (!Object.hasOwn(CATALOGUE.operations, tag)) throw new Refused("unknown-operation", tag);
  return CATALOGUE.operations[tag];
}

/**
 * The sentence in parts, those that are values marked.
 * @param {any} proposal
 * @returns {Part[]}
 */
export function renderSentence(proposal) {
  const operation = operationOf(proposal.operation);
  checkFields(operation.fields, proposal.parameters, "parameters");
  const trees = [...operation.fields, ...CATALOGUE.proposal];
  const values = { ...proposal, ...proposal.parameters };
  const parts = [];
  let end = 0;
  for (const place of operation.sentence.matchAll(PLACE)) {
    parts.push({ text: operation.sentence.slice(end, place.index), isValue: false });
    parts.push({ text: fill(place[1], place[2], trees, values), isValue: true });
    end = place.index + place[0].length;
  }
  parts.push({ text: operation.sentence.slice(end), isValue: false });
  return parts.filter((part) => part.text);
}

/**
 * Every field of a proposal: the parameters, then what is around them.
 * @param {any} proposal
 * @returns {Promise<{parameters: Row[], envelope: Row[]}>}
 */
export async function renderFields(proposal) {
  const operation = operationOf(proposal.operation);
  const { parameters, ...envelope } = proposal;
  checkFields(operation.fields, parameters, "parameters");
  checkFields(CATALOGUE.proposal, envelope, "");
  return {
    parameters: await group(operation.fields, parameters, "", "parameters"),
    envelope: await group(CATALOGUE.proposal, envelope, "", ""),
  };
}

/** The sentence as one text. @param {Part[]} parts */
export function asText(parts) {
  return parts.map((part) => part.text).join("");
}

function fill(path, paired, trees, values) {
  let filled = collect(path.split("."), trees, values);
  if (paired !== undefined) {
    const others = collect(paired.split("."), trees, values);
    if (others.length !== filled.length) throw new Refused("cannot-show", paired);
    filled = filled.map((one, place) => `${one} (${others[place]})`);
  }
  return filled.length ? filled.join(", ") : "none";
}

function collect(path, trees, values) {
  const [step, ...rest] = path;
  const name = step.replace("[]", "");
  const tree = trees.find((one) => one.name === name);
  if (tree === undefined) throw new Refused("cannot-show", name);
  if (step.endsWith("[]")) return values[name].flatMap((item) => collect(rest, tree.item.fields, item));
  if (rest.length) return collect(rest, tree.fields, values[name]);
  return [inSentence(tree, values[name])];
}

function inSentence(tree, value) {
  const text = plain(tree, value);
  return QUOTED.has(tree.kind) ? quoted(text) : text;
}

/** A text that somebody chose, in quotation marks that it cannot close by itself. @param {string} text */
export function quoted(text) {
  return `“${text.replaceAll(/[“”]/g, '"')}”`;
}

async function group(trees, values, label, path) {
  const rows = await Promise.all(
    trees.map((tree) => rowsOf(tree, values[tree.name], label, path ? `${path}.${tree.name}` : tree.name)),
  );
  return rows.flat();
}

async function rowsOf(tree, value, parent, path) {
  const label = parent ? `${parent} · ${tree.label}` : tree.label;
  if (tree.kind === "group") return group(tree.fields, value, label, path);
  if (tree.kind === "list") return listRows(tree.item, value, label, path);
  return [{ label, path, kind: tree.kind, ...(await scalar(tree, value)) }];
}

async function listRows(item, values, label, path) {
  const row = { label, path, kind: item.kind, detail: "" };
  if (!values.length) return [{ ...row, value: "none" }];
  if (item.kind !== "group") return [{ ...row, value: values.map((value) => plain(item, value)).join(", ") }];
  const rows = await Promise.all(
    values.map((value, place) => group(item.fields, value, `${label} ${place + 1}`, `${path}[${place}]`)),
  );
  return rows.flat();
}

/** The value of a field that holds no others, and the exact id or hash behind it where they differ. */
async function scalar(tree, value) {
  if (value === null) return { value: "none", detail: "" };
  if (tree.kind === "words") {
    const digest = await sha256Hex(fromB64u(value));
    return { value: fingerprint(digest).join(" "), detail: digest };
  }
  const detail = { named: value.id, hash: value, choice: value }[tree.kind] ?? "";
  return { value: plain(tree, value), detail };
}

/** The value as one text, for every kind but `words`. */
function plain(tree, value) {
  if (value === null) return "none";
  switch (tree.kind) {
    case "named":
      return value.name;
    case "hash":
      return fingerprint(value).join(" ");
    case "choice":
      return tree.choices.find((choice) => choice.value === value).label;
    case "time":
      return `${new Date(value * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    case "boolean":
      return value ? "yes" : "no";
    case "integer":
      return String(value);
    case "text":
    case "id":
    case "bytes":
      return value;
    default:
      throw new Refused("cannot-show", tree.kind);
  }
}
