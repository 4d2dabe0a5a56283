// Forms: what was typed outlives a wrong turn, and lists of things grow and shrink.
"use strict";
(() => {
  const rows = (box) => box.querySelectorAll("[data-row]");
  const count = (box) => {
    box.querySelector("[data-total]").value = rows(box).length;
    const none = box.querySelector("[data-none]");
    if (none) none.hidden = rows(box).length > 0;
    rows(box).forEach((row, index) => {
      const heading = row.querySelector("[data-row-number]");
      if (heading) heading.textContent = String(index + 1);
      row.querySelectorAll("[name], [id], [for], [aria-describedby]").forEach((element) => {
        for (const attribute of ["name", "id", "for", "aria-describedby"]) {
          const value = element.getAttribute(attribute);
          if (value) element.setAttribute(attribute, value.replace(/([-_])(?:\d+|__n__)([-_])/, `$1${index}$2`));
        }
      });
      row.querySelector("[data-remove]").hidden = rows(box).length <= Number(box.dataset.least || 1);
    });
  };
  const add = (box) => {
    const row = box.querySelector("template").content.cloneNode(true);
    box.querySelector("[data-row-list]").append(row);
    count(box);
    return [...rows(box)].at(-1);
  };
  document.querySelectorAll("[data-rows]").forEach((box) => {
    box.querySelector("[data-add]").hidden = false;
    count(box);
    box.addEventListener("click", (event) => {
      if (event.target.closest("[data-add]")) {
        add(box).querySelector("input, select").focus();
        box.dispatchEvent(new Event("input", { bubbles: true }));
        document.dispatchEvent(new Event("change"));
      }
      const remove = event.target.closest("[data-remove]");
      if (remove) {
        remove.closest("[data-row]").remove();
        count(box);
        box.querySelector("[data-add]").focus();
        box.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
  });

  // Whose words are kept: another person who signs in here does not find them.
  const person = document.body.dataset.person;
  // Who was sent to sign in instead finds again what was sent.
  if (!person) {
    Object.keys(sessionStorage).filter((key) => key.startsWith("form:")).forEach((key) => {
      try {
        const { values } = JSON.parse(sessionStorage.getItem(key));
        sessionStorage.setItem(key, JSON.stringify({ values, sent: false }));
      } catch { sessionStorage.removeItem(key); }
    });
  }
  const arrival = performance.getEntriesByType("navigation")[0]?.type || "navigate";
  const state = (form) => [...new FormData(form)].filter(([name, value]) =>
    name !== "csrfmiddlewaretoken" && typeof value === "string");
  document.querySelectorAll("form[data-keep]").forEach((form) => {
    const key = `form:${person}:${location.pathname}${location.search}:${form.dataset.keep}`;
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(key)); } catch { sessionStorage.removeItem(key); }
    // What was sent is brought back by "back", and only by it; what was not sent, by every way here.
    if (kept && kept.sent && arrival === "navigate") {
      sessionStorage.removeItem(key);
      kept = null;
    }
    const saved = kept && kept.values;
    if (saved && !("bound" in form.dataset)) {
      form.querySelectorAll("[data-rows]").forEach((box) => {
        const total = saved.find(([name]) => name === box.querySelector("[data-total]").name);
        while (total && rows(box).length < Number(total[1])) add(box);
        while (total && rows(box).length > Number(total[1])) [...rows(box)].at(-1).remove();
        count(box);
      });
      const values = new Map();
      saved.forEach(([name, value]) => values.set(name, [...(values.get(name) || []), value]));
      const fill = () => [...form.elements].forEach((element) => {
        if (!element.name || element.type === "hidden") return;
        const mine = values.get(element.name) || [];
        if (element.type === "checkbox" || element.type === "radio") element.checked = mine.includes(element.value);
        else if (mine.length) element.value = mine[0];
      });
      fill();
      form.dispatchEvent(new Event("change", { bubbles: true }));
      fill(); // Some choices are there only now, since they follow from other fields.
    }
    const keep = (sent) => sessionStorage.setItem(key, JSON.stringify({ values: state(form), sent }));
    form.addEventListener("input", () => keep(false));
    form.addEventListener("submit", () => keep(true));
  });
  document.querySelectorAll("select[data-submit]").forEach((select) =>
    select.addEventListener("change", () => select.form.requestSubmit()));

  // Fields that belong to one choice only: data-when="name=value".
  const depend = () => document.querySelectorAll("[data-when]").forEach((part) => {
    const [name, wanted] = part.dataset.when.split("=");
    const scope = part.closest("[data-row]") || part.closest("form");
    const source = [...scope.querySelectorAll("select, input")].find((one) => one.name.endsWith(name));
    part.hidden = Boolean(source) && !wanted.split("|").includes(source.value);
  });
  document.addEventListener("change", depend);
  depend();
  document.querySelector("[data-error-summary]")?.focus();
})();
