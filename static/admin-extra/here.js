/* Say times in the browser's own zone, beside those that the server wrote. */
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const day = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
  const shape = new Intl.DateTimeFormat(document.documentElement.lang || "en", { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  for (const time of document.querySelectorAll("time[data-here]")) time.textContent = shape.format(new Date(time.dateTime));
  for (const place of document.querySelectorAll("[data-here-zone]")) place.textContent = zone;
  for (const hidden of document.querySelectorAll("[data-here-column], [data-here-note]")) hidden.hidden = false;
})();
