/** Checks of a value's shape: each takes a value and its path, and throws where the value is not of it. */
import { fromB64u } from "./canonical.js";
import { isPlain } from "./letters.js";
import { Refused } from "./refusal.js";

/** @typedef {(value: any, path: string) => void} Shape */

const bad = (path) => new Refused("bad-field", path);

/** A text that matches. @param {RegExp} form @returns {Shape} */
export const matching = (form) => (value, path) => {
  if (typeof value !== "string" || !form.test(value)) throw bad(path);
};

/** A text of `min` to `max` characters that people can read as it stands. @returns {Shape} */
export const plainText = (min, max) => (value, path) => {
  if (typeof value !== "string") throw bad(path);
  const length = [...value].length;
  if (length < min || length > max) throw bad(path);
  if (!isPlain(value)) throw new Refused("unreadable-text", path);
};

/** An integer within bounds. @returns {Shape} */
export const integer = (min, max) => (value, path) => {
  if (!Number.isSafeInteger(value) || value < min || value > max) throw bad(path);
};

/** One of some values. @returns {Shape} */
export const oneOf = (...values) => (value, path) => {
  if (!values.includes(value)) throw bad(path);
};

/** Base64url in its canonical spelling, of at most `max` characters and at least `min`. @returns {Shape} */
export const bytes = (max = 350000, min = 0) => (value, path) => {
  if (typeof value !== "string" || value.length > max || value.length < min) throw bad(path);
  try {
    fromB64u(value);
  } catch {
    throw bad(path);
  }
};

/** null, or of the shape. @param {Shape} shape @returns {Shape} */
export const nullable = (shape) => (value, path) => {
  if (value !== null) shape(value, path);
};

/** A list of `min` to `max` items of one shape. @param {Shape} shape @returns {Shape} */
export const list = (shape, min, max) => (value, path) => {
  if (!Array.isArray(value) || value.length < min || value.length > max) throw bad(path);
  value.forEach((item, place) => shape(item, `${path}[${place}]`));
};

/** A plain object, whatever is in it. @type {Shape} */
export const anyObject = (value, path) => {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw bad(path);
};

/**
 * An object with exactly these members, and perhaps those of `optional`; `then` looks at how they fit together.
 * @param {Record<string, Shape>} members
 * @param {Shape} [then]
 * @param {Record<string, Shape>} [optional]
 * @returns {Shape}
 */
export const object = (members, then = () => {}, optional = {}) => (value, path) => {
  anyObject(value, path);
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(optional, name)) optional[name](value[name], join(path, name));
    else if (!Object.hasOwn(members, name)) throw new Refused("unknown-field", join(path, name));
  }
  for (const [name, shape] of Object.entries(members)) {
    if (!Object.hasOwn(value, name)) throw new Refused("missing-field", join(path, name));
    shape(value[name], join(path, name));
  }
  then(value, path);
};

/** Texts in ascending order, each once. @param {string[]} texts */
export function isSorted(texts) {
  return texts.every((text, place) => place === 0 || texts[place - 1] < text);
}

/** @param {string} path @param {string} name */
export function join(path, name) {
  return path ? `${path}.${name}` : name;
}

export const boolean = oneOf(true, false);
export const id = matching(/^[0-9a-f]{32}$/);
export const hash = matching(/^[0-9a-f]{64}$/);
export const name = plainText(1, 80);
export const REASON_MAX = 500;
export const reason = plainText(1, REASON_MAX);
export const time = integer(0, 253402300799);
export const version = integer(1, 1000000);
export const tag = matching(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\/v[1-9][0-9]?$/);
export const origin = matching(/^https?:\/\/[a-z0-9.-]{1,200}(:[0-9]{1,5})?$/);
export const slug = matching(/^(?=.{1,60}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
export const named = object({ id, name });
