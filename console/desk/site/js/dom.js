/** Makes elements. Text goes in as text and never as markup. */

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | ((event: any) => void)>} [attributes] functions listen to events
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Puts `children` in the page's one place for content and moves the focus to its heading. */
export function showPage(...children) {
  const place = document.getElementById("content");
  place.replaceChildren(...children);
  document.title = `${place.querySelector("h1")?.textContent ?? "Desk"} · Quorate desk`;
  window.scrollTo(0, 0);
  place.querySelector("h1")?.focus();
}

/** Says `text` to those who listen. @param {string} text */
export function announce(text) {
  document.getElementById("announcement").textContent = text;
}
