// What is pointed at or reached by the keyboard in the picture of the topology is explained in the line below it.
"use strict";
(() => {
  const explain = (event) => {
    const map = event.target.closest?.("[data-map]");
    const caption = map?.querySelector("[data-map-caption]");
    if (!caption) return;
    const one = event.target.closest("[data-explained]");
    if (!one && caption.hidden) return;
    caption.hidden = false;
    caption.textContent = one ? one.querySelector("title").textContent : caption.dataset.empty;
  };
  document.addEventListener("pointerover", explain);
  document.addEventListener("focusin", explain);
})();
