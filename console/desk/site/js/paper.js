/** The sheet of paper that holds a share key: whose it is, eight lines of words, and the same as a code. */
import { CONFIG } from "./built/config.js";
import { h } from "./dom.js";
import { moment } from "./parts.js";
import { qrModules } from "./qr.js";
import { codeText, wordLines } from "./share_key_sheet.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4;

/**
 * @param {{request: any, statement: any, privateKey: Uint8Array, words: string[]}} about
 * @returns {Promise<HTMLElement>}
 */
export async function paperSheet({ request, statement, privateKey, words }) {
  const lines = await wordLines(privateKey);
  const facts = [
    ["Person", `${request.person.name}, ${request.organisation.name}`],
    ["Certified by", request.label],
    ["Made", moment(statement.at)],
    ["Desk", CONFIG.origin],
    ["Words of its public key", words.join(" ")],
  ];
  return h("section", { class: "paper", "aria-label": "The sheet" },
    h("h2", {}, `Share key of ${request.person.name}`),
    h("p", {}, "Secret. Keep it under lock: whoever reads it can open the shares sealed to this key."),
    h("div", { class: "key" },
      h("ol", {}, ...lines.map((line) => h("li", {}, ...line.map((word) => h("span", {}, word))))),
      code(await codeText(privateKey))),
    h("dl", {}, ...facts.flatMap(([label, what]) => [h("dt", {}, label), h("dd", {}, what)])),
    h("p", {}, "To use it, type the eight lines at the desk, or scan the code there."));
}

/** @param {string} text */
function code(text) {
  const modules = qrModules(text);
  const side = modules.length + 2 * QUIET;
  const dark = modules.flatMap((row, down) =>
    row.flatMap((isDark, right) => (isDark ? [`M${right + QUIET} ${down + QUIET}h1v1h-1z`] : [])));
  return draw("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": "The same as a QR code" },
    draw("rect", { width: String(side), height: String(side), class: "light" }),
    draw("path", { d: dark.join(""), class: "dark" }));
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
