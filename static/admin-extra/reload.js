/* Load a page again when all the work it shows has ended, so that it shows what came of it. */
(() => {
  "use strict";
  const root = document.querySelector("[data-reload-at-end]");
  if (!root) return;
  const ENDS = new Set(["succeeded", "failed", "cancelled"]);
  const all = () => [...root.querySelectorAll('[data-run] [data-field="status"]')];
  const began = all().every((badge) => ENDS.has(badge.textContent.trim()));
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    // what follows a step is started as it ends: wait a moment before taking the end for the end
    if (all().every((badge) => ENDS.has(badge.textContent.trim()))) timer = setTimeout(() => location.reload(), 1200);
  };
  new MutationObserver(look).observe(root, { subtree: true, childList: true, characterData: true });
  if (began) timer = setTimeout(() => location.reload(), 4000);
})();
