/** Whether an object has exactly the fields the catalogue describes, each of its kind and within its limits. */
import { Refused } from "./refusal.js";
import * as is from "./shapes.js";

/**
 * @param {any[]} trees the fields as the catalogue describes them
 * @param {any} values
 * @param {string} path
 * @throws {Refused} for an unknown or missing field, a kind without a rendering, a value that does not fit
 */
export function checkFields(trees, values, path) {
  is.object(Object.fromEntries(trees.map((tree) => [tree.name, shapeOf(tree)])))(values, path);
}

/** @param {any} tree @returns {is.Shape} */
function shapeOf(tree) {
  const shape = KINDS[tree.kind];
  if (!Object.hasOwn(KINDS, tree.kind)) throw new Refused("cannot-show", tree.kind);
  return tree.nullable ? is.nullable(shape(tree)) : shape(tree);
}

/** The shape for each kind the desk can show. @type {Record<string, (tree: any) => is.Shape>} */
const KINDS = {
  text: (tree) => both(is.plainText(tree.minLength ?? 0, tree.maxLength ?? 2000), pattern(tree)),
  id: () => is.id,
  hash: () => is.hash,
  named: () => is.named,
  time: () => is.time,
  boolean: () => is.boolean,
  integer: (tree) =>
    is.integer(tree.minimum ?? Number.MIN_SAFE_INTEGER, tree.maximum ?? Number.MAX_SAFE_INTEGER),
  choice: (tree) => is.oneOf(...tree.choices.map((choice) => choice.value)),
  bytes: (tree) => is.bytes(tree.maxLength, tree.minLength),
  words: (tree) => is.bytes(tree.maxLength, tree.minLength),
  list: (tree) => is.list(shapeOf(tree.item), tree.minItems ?? 0, tree.maxItems ?? 1000),
  group: (tree) => (value, path) => checkFields(tree.fields, value, path),
};

/** @param {any} tree @returns {is.Shape} */
function pattern(tree) {
  return tree.pattern === undefined ? () => {} : is.matching(new RegExp(tree.pattern, "u"));
}

/** @param {is.Shape} one @param {is.Shape} other @returns {is.Shape} */
function both(one, other) {
  return (value, path) => {
    one(value, path);
    other(value, path);
  };
}
