/** A list of people whose simulated tokens can be used: searched by typing, moved through by arrow keys. */
import { h } from "../dom.js";

/** @typedef {import("./people.js").SimulatedToken} SimulatedToken */

export class Picker {
  /** @param {{tokens: SimulatedToken[], suggested: number, mayLackPrf: boolean, preselected?: SimulatedToken}} options */
  constructor({ tokens, suggested, mayLackPrf, preselected }) {
    this.lacksPrf = mayLackPrf ? h("input", { type: "checkbox", id: "lacks-prf" }) : null;
    this.tokens = tokens;
    this.suggested = new Set(tokens.slice(0, suggested));
    this.selected = preselected ?? null;
    this.visible = tokens;
  }

  /** @returns {Promise<SimulatedToken | "real" | "none">} */
  ask() {
    return new Promise((resolve) => {
      this.answer = (what) => {
        if (this.lacksPrf?.checked && typeof what === "object") what = { ...what, lacksPrf: true };
        this.dialog.close();
        this.dialog.remove();
        resolve(what);
      };
      this.build();
      this.list();
      document.body.append(this.dialog);
      this.dialog.showModal();
      this.search.focus();
      this.scroll();
    });
  }

  build() {
    this.search = h("input", {
      type: "search", id: "whose", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-expanded": "true", "aria-controls": "people", "aria-autocomplete": "list",
      placeholder: "Name, organisation or duty",
      input: () => this.filter(),
      keydown: (event) => this.key(event),
    });
    this.options = h("ul", { id: "people", role: "listbox", "aria-label": "People" });
    this.dialog = h(
      "dialog",
      { class: "picker", "aria-labelledby": "whose-title", cancel: () => this.answer("none") },
      h("h2", { id: "whose-title" }, "Whose simulated token signs?"),
      h("label", { for: "whose" }, "Choose with a click, or with ↑ ↓ and Enter."),
      this.search,
      this.options,
      this.lacksPrf && h("p", { class: "tick" }, this.lacksPrf,
        h("label", { for: "lacks-prf" }, "As a token that cannot compute share keys (no PRF)")),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "plain", click: () => this.answer("real") }, "Use a real security token"),
        h("button", { type: "button", class: "leave", click: () => this.answer("none") }, "Not now")),
    );
  }

  filter() {
    const wanted = this.search.value.toLowerCase().split(/\s+/);
    const textOf = (token) => `${token.name} ${token.organisation} ${token.title} ${token.label}`.toLowerCase();
    this.visible = this.tokens.filter((token) => wanted.every((word) => textOf(token).includes(word)));
    if (this.search.value.trim()) this.selected = this.visible[0] ?? null;
    this.list();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && this.visible.length) {
      const at = this.visible.indexOf(this.selected);
      const next = at < 0 && step < 0 ? this.visible.length - 1 : at + step;
      this.selected = this.visible[Math.max(0, Math.min(next, this.visible.length - 1))];
      this.list();
      this.scroll();
      event.preventDefault();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      if (this.selected !== null) this.answer(this.selected);
    }
  }

  list() {
    this.options.replaceChildren(...this.visible.map((token, place) => this.option(token, place)));
    if (!this.visible.length) this.options.append(h("li", { class: "nobody" }, "Nobody of that name."));
    const at = this.visible.indexOf(this.selected);
    if (at < 0) this.search.removeAttribute("aria-activedescendant");
    else this.search.setAttribute("aria-activedescendant", `person-${at}`);
  }

  /**
   * The second click of a double one, on the button that opened this list, chooses nobody.
   * @param {SimulatedToken} token @param {number} place
   */
  option(token, place) {
    return h(
      "li",
      {
        id: `person-${place}`, role: "option", class: this.suggested.has(token) ? "suggested" : "",
        "aria-selected": String(token === this.selected), click: (event) => event.detail < 2 && this.answer(token),
      },
      h("strong", {}, token.name),
      h("span", {}, `${token.organisation} · ${token.title}`),
      h("small", {}, this.suggested.has(token) ? `${token.label} · asked for` : token.label),
    );
  }

  scroll() {
    this.options.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }
}
