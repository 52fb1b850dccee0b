/* Say by key whether two jobs are one: each button or link names its key. Buttons do the same. */
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (!/^[a-z]$/.test(event.key)) return;
    const all = document.querySelectorAll(`[data-key="${event.key}"]`);
    if (!all.length) return;
    event.preventDefault();
    all[0].click();
  });
})();
