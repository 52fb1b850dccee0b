/* Move through a run's events without loading the page again: the slider and the links ask the
   server for one moment and show it in place. */
const root = document.querySelector("[data-scrub]");
const slider = root.querySelector(".scrub__slider");
const output = root.querySelector("[data-at]");
let asked = 0;
let timer = 0;

const go = async (at) => {
  const mine = ++asked;
  const url = `${root.dataset.scrub}?at=${at}`;
  let page;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    location.assign(url); // the browser says what is wrong
    return;
  }
  if (mine !== asked) return; // a later one is under way
  const fresh = [...page.querySelectorAll("[data-region]")];
  if (!fresh.length) { location.assign(url); return; }
  for (const one of fresh) {
    root.querySelector(`[data-region="${one.dataset.region}"]`)?.replaceChildren(...one.childNodes);
  }
  slider.max = page.querySelector(".scrub__slider").max;
  history.replaceState(null, "", url);
};

slider.addEventListener("input", () => {
  output.value = slider.value;
  clearTimeout(timer);
  timer = setTimeout(() => go(slider.value), 60);
});
root.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-step]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const at = new URL(link.href).searchParams.get("at");
  slider.value = at;
  output.value = at;
  go(at);
});
