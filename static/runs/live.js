/* Show runs as they move. A page names its streams, each with the number of the last event that
   went into it; rows and fields follow the events, whole regions are fetched anew when more than a
   field has changed. Tests and other scripts hear of each event by `jobly:applied`. */
import { Stream } from "./stream.js";

const FINISHED = new Set(["succeeded", "failed", "cancelled"]);
const MOST_STREAMS = 4;
const MOST_ROWS = 200;
const REFRESH_MS = 2000; // regions are fetched at most this often
const LOG_MS = 5000; // a log may grow without any event
const TOLD = {
  connecting: "Connecting…",
  live: "Live",
  polling: "Updated every few seconds; the live connection is away",
  reconnecting: "Connection lost; what is shown may be old. Trying again…",
  ended: "You are signed out, or may not follow this any more. Reload the page.",
};
const WORST = ["ended", "reconnecting", "connecting", "polling", "live"];

const root = document.querySelector("[data-live]");
const family = root.dataset.family || "";
const streams = [];
let refreshAt = 0;
let refreshTimer = 0;
let unseen = 0;

/* state */

const state = () => {
  const stand = WORST.find((one) => streams.some((stream) => stream.stand === one)) || "connecting";
  document.documentElement.dataset.line = stand;
  root.dataset.seq = streams[0]?.seq ?? root.dataset.seq;
  document.querySelectorAll("[data-live-state]").forEach((element) => {
    element.textContent = TOLD[stand];
    element.classList.toggle("live-state--lost", stand === "reconnecting" || stand === "ended");
  });
};

/* fields and rows */

const set = (box, name, value) => box.querySelectorAll(`[data-field="${name}"]`).forEach((element) => {
  if (element.tagName === "PROGRESS") { element.value = value; return; }
  element.textContent = typeof value === "number" ? value.toLocaleString("en") : value;
  if (name === "status") element.className = `badge badge--${value}`;
});

const showIn = (box, data) => {
  for (const name of ["status", "progress", "done", "failed", "skipped", "step"]) set(box, name, data[name] ?? "");
  set(box, "percent", data.progress);
  set(box, "total", data.total || (FINISHED.has(data.status) ? "not counted" : "not known yet"));
  box.querySelectorAll('[data-field="error"]').forEach((element) => {
    element.textContent = data.error ? data.error.message : "";
    element.hidden = !data.error;
  });
  box.querySelectorAll("[data-shown-while]").forEach((element) => {
    element.hidden = !element.dataset.shownWhile.split(" ").includes(data.status);
  });
};

const boxes = (run) => document.querySelectorAll(`[data-run="${CSS.escape(run)}"]`);

const addRow = (list, data, company) => {
  const template = document.querySelector("[data-child-row]");
  if (!template) return false;
  const most = Number(list.dataset.room ?? MOST_ROWS);
  if (list.rows.length >= most) {
    const old = [...list.rows].find((row) => FINISHED.has(row.querySelector('[data-field="status"]')?.textContent.trim()));
    if (!list.dataset.roots || !old) return false;
    old.remove();
  }
  const row = template.content.firstElementChild.cloneNode(true);
  row.dataset.run = data.run;
  const link = row.querySelector("a");
  link.href = `/runs/${encodeURIComponent(data.run)}/`;
  link.textContent = data.title || data.kind;
  row.querySelectorAll("[data-company]").forEach((cell) => { cell.textContent = company; });
  list.append(row);
  document.querySelectorAll("[data-no-rows]").forEach((element) => { element.hidden = true; });
  document.querySelectorAll("[data-rows]").forEach((element) => { element.hidden = false; });
  return true;
};

const admit = (data, company) => {
  if (boxes(data.run).length) return;
  const list = data.parent
    ? document.querySelector(`[data-children-of="${CSS.escape(data.parent)}"]`)
    : document.querySelector("[data-roots]");
  if (list && !FINISHED.has(data.status)) addRow(list, data, company);
};

const countNew = (item) => {
  const link = document.querySelector("[data-new-runs]");
  if (!link || item.type !== "job.created" || boxes(item.data.run).length) return;
  unseen += 1;
  link.hidden = false;
  link.textContent = `${unseen.toLocaleString("en")} new run${unseen === 1 ? "" : "s"} since then: show`;
};

const show = (data, company = "") => {
  if (!data || !data.run) return;
  admit(data, company);
  boxes(data.run).forEach((box) => showIn(box, data));
  if (!family || (data.run !== family && data.parent !== family)) return;
  const turned = data.run === family && data.status !== root.dataset.status;
  if (data.run === family) root.dataset.status = data.status;
  refreshSoon(turned ? 250 : REFRESH_MS);
};

/* regions */

/* A page may name what else it shows: facts and work of an app, wherever they belong. */
const touches = (item) => {
  const about = root.dataset.refreshOn;
  return Boolean(about) && [item.type, item.data?.kind].some((name) => String(name ?? "").startsWith(about));
};

function refreshSoon(pause) {
  if (!document.querySelector("[data-region]")) return;
  const due = Math.max(Date.now() + Math.min(pause, 250), refreshAt + pause);
  if (refreshTimer && refreshTimer.due <= due) return;
  if (refreshTimer) clearTimeout(refreshTimer.id);
  refreshTimer = { due, id: setTimeout(refresh, due - Date.now()) };
}

const swap = (old, fresh) => {
  if (old.innerHTML === fresh.innerHTML) return;
  const open = [...old.querySelectorAll("details")].map((one) => one.open);
  const tail = old.querySelector("[data-tail]");
  const atEnd = !tail || tail.scrollHeight - tail.scrollTop - tail.clientHeight < 40;
  const from = tail?.scrollTop ?? 0;
  old.replaceChildren(...fresh.childNodes);
  old.querySelectorAll("details").forEach((one, number) => { one.open = Boolean(open[number]); });
  const next = old.querySelector("[data-tail]");
  if (next) next.scrollTop = atEnd ? next.scrollHeight : from;
};

/* Bring the fields of a run to what a page fetched anew says of it. */
const renew = (fresh) => boxes(fresh.dataset.run).forEach((box) => {
  if (box.closest("[data-region]")) return;
  box.querySelectorAll("[data-field]").forEach((element) => {
    const said = fresh.querySelector(`[data-field="${element.dataset.field}"]`);
    if (!said) return;
    if (element.tagName === "PROGRESS") element.value = said.value;
    else element.textContent = said.textContent;
    element.className = said.className;
    element.hidden = said.hidden;
  });
  box.querySelectorAll("[data-shown-while]").forEach((element) => {
    const status = fresh.querySelector('[data-field="status"]').textContent.trim();
    element.hidden = !element.dataset.shownWhile.split(" ").includes(status);
  });
});

/* Nothing moves here any more: say so and hang up, when all that the page knows of has come. */
let ended = null; // the page that said so
const overIfAllCame = () => {
  if (ended && streams.every((one) => one.over || one.seq >= one.fresh)) over(ended);
};
const over = (page) => {
  streams.forEach((stream) => stream.end());
  document.documentElement.dataset.line = "over";
  const said = page.querySelector("[data-live-state]").textContent;
  document.querySelectorAll("[data-live-state]").forEach((element) => {
    element.textContent = said;
    element.classList.remove("live-state--lost");
  });
};

async function refresh() {
  refreshTimer = 0;
  if (document.hidden) { addEventListener("visibilitychange", () => refreshSoon(250), { once: true }); return; }
  refreshAt = Date.now();
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // the next event asks again
  }
  const taken = page.querySelector("[data-live]");
  document.querySelectorAll("[data-region]").forEach((old) => {
    const fresh = page.querySelector(`[data-region="${old.dataset.region}"]`);
    if (fresh) swap(old, fresh);
  });
  page.querySelectorAll("[data-run]").forEach(renew);
  // what came while the page was under way is newer than what it says
  const known = taken ? named(taken) : [];
  for (const stream of streams) {
    const seq = Number(known.find((one) => one.stream === stream.stream)?.seq ?? Infinity);
    if (seq !== Infinity) stream.fresh = seq;
    for (const item of stream.recent) if (item.seq > seq) show(item.data, stream.company);
  }
  ended = taken?.dataset.over ? page : null;
  overIfAllCame();
}

/* streams */

function named(element) {
  const { streams: many, stream, seq } = element.dataset;
  return many ? JSON.parse(many) : [{ stream, seq }];
}

for (const one of named(root).slice(0, MOST_STREAMS)) {
  const page = {
    state,
    applied(item) {
      root.dataset.seq = streams[0]?.seq ?? root.dataset.seq;
      countNew(item);
      if (item.seq > stream.fresh) show(item.data, one.company);
      if (touches(item)) refreshSoon(REFRESH_MS);
      const detail = { stream: one.stream, seq: item.seq, type: item.type, data: item.data };
      document.dispatchEvent(new CustomEvent("jobly:applied", { detail }));
      overIfAllCame();
    },
    reset(snapshot) {
      snapshot.forEach((data) => show(data, one.company));
      document.dispatchEvent(new CustomEvent("jobly:reset", { detail: { stream: one.stream } }));
      // runs that are not among the newest are not in the snapshot: the page has to be read again
      const shown = [...document.querySelectorAll("[data-run]")].map((box) => box.dataset.run);
      const told = new Set(snapshot.map((data) => data.run));
      if (shown.some((run) => !told.has(run))) location.reload();
      else refreshSoon(250);
    },
  };
  const { ws, sse, rest } = root.dataset;
  const stream = new Stream({ ...one, ws, sse, rest }, page);
  stream.company = one.company || "";
  stream.fresh = 0; // what a page fetched anew shows already
  streams.push(stream);
}
state();
document.querySelectorAll("[data-tail]").forEach((tail) => { tail.scrollTop = tail.scrollHeight; });
if (family) {
  setInterval(() => {
    const status = root.querySelector('[data-field="status"]')?.textContent.trim();
    if (status === "running" && document.querySelector('[data-region="log"]')) refreshSoon(LOG_MS);
  }, LOG_MS);
}
