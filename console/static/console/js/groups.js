// Rules of a charter can ask for its groups: their lists follow the groups that are in the same form.
"use strict";
(() => {
  const fields = () => [...document.querySelectorAll("input[data-group-name]")];
  const value = (name) => `group:${name}`;
  const follow = (select, wanted, renamed) => {
    [...select.options].forEach((option) => {
      if (renamed.has(option.value)) option.value = renamed.get(option.value);
    });
    [...select.options].forEach((option) => {
      if (option.value.startsWith("group:") && !wanted.has(option.value)) option.remove();
    });
    wanted.forEach((name, key) => {
      const option = [...select.options].find((one) => one.value === key) || select.appendChild(new Option("", key));
      option.textContent = select.dataset.holders.replace("%(group)s", name);
    });
  };
  const all = () => {
    const wanted = new Map();
    const renamed = new Map();
    fields().forEach((field) => {
      const name = field.value.trim();
      if (name) wanted.set(value(name), name);
      if (name && field.dataset.was && field.dataset.was !== name) renamed.set(value(field.dataset.was), value(name));
      field.dataset.was = name;
    });
    document.querySelectorAll("select[data-holders]").forEach((select) => follow(select, wanted, renamed));
  };
  fields().forEach((field) => { field.dataset.was = field.value.trim(); });
  document.addEventListener("change", all);
  // A row that is taken away says so by an input event of its list.
  document.addEventListener("input", (event) => { if (event.target.matches("[data-rows]")) all(); });
})();
