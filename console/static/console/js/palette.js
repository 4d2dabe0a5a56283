// The command palette (Ctrl-K): pages, proposals one may make, zones, nodes, people. "/" goes to the search field.
"use strict";
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const empty = dialog.querySelector("[data-none]");
  let chosen = 0;
  let asked = 0;

  const options = () => [...list.children];
  const choose = (index) => {
    const all = options();
    if (!all.length) return input.removeAttribute("aria-activedescendant");
    chosen = (index + all.length) % all.length;
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    input.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  };
  const draw = (found) => {
    list.replaceChildren(...found.map((entry, index) => {
      const option = document.createElement("div");
      option.id = `palette-${index}`;
      option.setAttribute("role", "option");
      option.dataset.url = entry.url;
      for (const [name, text] of [["small", entry.kind], ["span", entry.title], ["small", entry.detail || ""]]) {
        const part = document.createElement(name);
        part.textContent = text;
        option.append(part);
      }
      return option;
    }));
    empty.hidden = found.length > 0;
    choose(0);
  };
  const ask = async () => {
    const turn = ++asked;
    const answer = await fetch(`${dialog.dataset.source}?q=${encodeURIComponent(input.value)}`,
      { headers: { Accept: "application/json" } }).catch(() => null);
    if (turn !== asked) return;
    if (!answer || !answer.ok || answer.redirected) return draw([]);
    draw((await answer.json()).results);
  };
  const open = () => {
    if (dialog.open) return;
    input.value = "";
    dialog.showModal();
    ask();
  };
  const follow = (option) => { if (option) location.assign(option.dataset.url); };

  // Enter means what is typed, also when its results are not here yet.
  let pause;
  let answered = Promise.resolve();
  input.addEventListener("input", () => {
    clearTimeout(pause);
    answered = new Promise((done) => { pause = setTimeout(() => ask().then(done), 90); });
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
    if (event.key === "Enter") {
      event.preventDefault();
      answered.then(() => follow(options()[chosen]));
    }
  });
  list.addEventListener("click", (event) => follow(event.target.closest("[role=option]")));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.querySelectorAll("[data-palette]").forEach((button) => button.addEventListener("click", open));

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); open(); }
    if (event.key === "/" && !typing(event.target) && !dialog.open) {
      event.preventDefault();
      const field = document.querySelector(".find input");
      if (field && field.offsetParent) field.focus(); else open();
    }
  });
})();
