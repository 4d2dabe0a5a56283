// Every id and hash can be copied whole, however short it is shown.
"use strict";
(() => {
  const region = document.querySelector("[data-toasts]");
  const say = (text) => {
    const line = document.createElement("p");
    line.textContent = text;
    region.append(line);
    setTimeout(() => line.remove(), 2500);
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    try {
      await navigator.clipboard.writeText(source ? source.textContent : button.dataset.copy);
    } catch {
      say("This browser did not allow copying. Select the text and copy it by hand.");
      return;
    }
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1500);
    say(`Copied ${button.dataset.what || "to the clipboard"}`);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
