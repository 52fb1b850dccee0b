/* Seconds that run down; at the end the page is read again, unless somebody types or it is hidden. */
(() => {
  "use strict";
  const all = [...document.querySelectorAll("[data-countdown]")];
  if (!all.length) return;
  const began = Date.now();
  const timer = setInterval(() => {
    const gone = (Date.now() - began) / 1000;
    const left = all.map((one) => Math.max(0, Math.ceil(Number(one.dataset.countdown) - gone)));
    all.forEach((one, number) => { one.textContent = left[number]; });
    if (!left.some((seconds) => seconds <= 0)) return;
    clearInterval(timer);
    if (!document.hidden) setTimeout(() => location.reload(), 1500);
  }, 1000);
})();
