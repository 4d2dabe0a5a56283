// Times in the reader's locale: how long ago at a glance, local and UTC on hover; and what runs out, counted down.
"use strict";
(() => {
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

  const ago = (seconds) => {
    for (const [unit, size] of units) {
      if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
    }
    return Math.abs(seconds) < 10 ? "just now" : relative.format(Math.trunc(seconds), "second");
  };
  const left = (seconds) => {
    if (seconds <= 0) return "expired";
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor((seconds % 86400) / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    if (days) return `${days} d ${hours} h`;
    if (hours) return `${hours} h ${minutes} min`;
    return minutes >= 5 ? `${minutes} min` : `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  };
  const show = () => {
    const now = Date.now() / 1000;
    document.querySelectorAll("time[data-at]").forEach((time) => {
      const at = Number(time.dataset.at);
      const date = new Date(at * 1000);
      const text = { ago: () => ago(at - now), left: () => left(at - now), exact: () => short.format(date),
        full: () => local.format(date) }[time.dataset.as || "ago"]();
      if (time.textContent !== text) time.textContent = text;
      if (!time.title) time.title = `${local.format(date)} local time\n${date.toISOString().replace(".000Z", "Z")}`;
    });
  };
  show();
  setInterval(show, 1000);
  document.addEventListener("htmx:afterSettle", show);
})();
