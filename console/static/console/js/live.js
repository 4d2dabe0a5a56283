// Updates arrive without reload. A part of a page that asks again keeps the reader's place:
// nothing is replaced while it is the same, while someone types in it, or while text in it is selected.
"use strict";
(() => {
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.closest("[data-live]")) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.target.closest("[data-live]");
    if (!part) return;
    const { xhr } = event.detail;
    // A session that ended answers with the sign-in page: go there openly.
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(event.detail.pathInfo.requestPath, location).pathname) {
      event.preventDefault();
      location.reload();
      return;
    }
    const selection = getSelection();
    const selecting = selection && !selection.isCollapsed && part.contains(selection.anchorNode);
    const typing = part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    if (selecting || typing || xhr.status !== 200) {
      event.detail.shouldSwap = false;
      return;
    }
    const open = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
    part.dataset.open = [...open].join(" ");
  });
  const sayCutOff = (isCutOff) => {
    const notice = document.querySelector("#cut-off > .notice");
    if (notice) notice.hidden = !isCutOff;
  };
  document.addEventListener("htmx:sendError", () => sayCutOff(true));
  document.addEventListener("htmx:afterOnLoad", () => sayCutOff(false));
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = document.getElementById(event.target.id);
    (event.target.dataset.open || "").split(" ").filter(Boolean).forEach((id) => {
      const one = document.getElementById(id);
      if (one && part && one.tagName === "DETAILS") one.open = true;
    });
  });
})();
