/* Decide on suggestions by keys: j and k go on and back, a accepts, r rejects. Buttons do the same. */
(() => {
  "use strict";
  const all = () => [...document.querySelectorAll("[data-suggestion]")];
  const held = () => document.activeElement?.closest?.("[data-suggestion]");
  const go = (step) => {
    const list = all();
    if (!list.length) return;
    const at = list.indexOf(held());
    const next = list[at < 0 ? 0 : Math.min(Math.max(at + step, 0), list.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const press = (name) => held()?.querySelector(`[data-${name}]`)?.click();
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { j: () => go(1), k: () => go(-1), a: () => press("accept"), r: () => press("reject") }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  if (location.hash.startsWith("#s")) document.querySelector(`[id="${CSS.escape(location.hash.slice(1))}"]`)?.focus();
})();
