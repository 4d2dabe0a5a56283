// Light, dark or the system's: kept in a cookie, so that the server sends the page in the right colours at once.
"use strict";
(() => {
  const root = document.documentElement;
  const isDark = () => root.dataset.theme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const tell = (button) => {
    button.setAttribute("aria-pressed", String(isDark()));
  };
  document.querySelectorAll("[data-theme-switch]").forEach((button) => {
    button.hidden = false;
    tell(button);
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; SameSite=Lax${secure}`;
      tell(button);
    });
  });
})();
