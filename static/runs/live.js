/* Follow a stream and show runs as they move: websocket first, server-sent events when that fails,
   the REST log when both do. Every item has a number; only the next one is applied. */
(() => {
  "use strict";
  const root = document.querySelector("[data-live]");
  if (!root) return;
  const { stream, ws, sse, rest } = root.dataset;
  const say = (text) => document.querySelectorAll("[data-live-state]").forEach((e) => { e.textContent = text; });
  const FINISHED = new Set(["succeeded", "failed", "cancelled"]);
  let seq = Number(root.dataset.seq);
  let failures = 0;

  const set = (box, name, value) => box.querySelectorAll(`[data-field="${name}"]`).forEach((e) => {
    if (e.tagName === "PROGRESS") { e.value = value; return; }
    e.textContent = value;
    if (name === "status") e.className = `badge badge--${value}`;
  });

  const addChild = (data) => {
    const list = document.querySelector(`[data-children-of="${data.parent}"]`);
    const template = document.querySelector("[data-child-row]");
    if (!list || !template || list.querySelector(`[data-run="${data.run}"]`) || list.rows.length >= 200) return;
    const row = template.content.firstElementChild.cloneNode(true);
    row.dataset.run = data.run;
    const link = row.querySelector("a");
    link.href = `/runs/${encodeURIComponent(data.run)}/`;
    link.textContent = data.title || data.kind;
    list.append(row);
    document.querySelector("[data-no-children]")?.remove();
  };

  const show = (data) => {
    if (!data || !data.run) return;
    if (data.parent) addChild(data);
    document.querySelectorAll(`[data-run="${CSS.escape(data.run)}"]`).forEach((box) => {
      for (const name of ["status", "progress", "done", "failed", "skipped"]) set(box, name, data[name]);
      set(box, "percent", data.progress);
      set(box, "total", data.total || "not known yet");
      if (data.step) set(box, "step", data.step);
      if (data.error) {
        set(box, "error", data.error.message);
        box.querySelectorAll('[data-field="error"]').forEach((e) => { e.hidden = false; });
      }
      box.querySelectorAll("[data-shown-while]").forEach((e) => {
        e.hidden = !e.dataset.shownWhile.split(" ").includes(data.status);
      });
      if (FINISHED.has(data.status) && box.matches(".run__head")) say(`Ended: ${data.status}. Reload for the whole record.`);
    });
  };

  const take = (item) => {
    if (item.type === "reset") {
      seq = item.seq;
      ((item.data && item.data.snapshot) || item.snapshot || []).forEach(show);
    } else if (item.type === "hello") {
      seq = item.seq;
    } else if (item.seq === seq + 1) {
      seq = item.seq;
      show(item.data);
    } else if (item.seq > seq + 1) {
      return false; // a gap: go back to the last number we have
    }
    return true;
  };

  const later = (next) => {
    failures += 1;
    say("Connection lost; what is shown may be old. Trying again…");
    setTimeout(next, Math.min(15000, 500 * 2 ** Math.min(failures, 5)) * (0.5 + Math.random() / 2));
  };

  const bySocket = () => {
    const socket = new WebSocket(ws);
    socket.onopen = () => { socket.send(JSON.stringify({ resume: { stream, seq } })); say("Live"); };
    socket.onmessage = (message) => {
      failures = 0;
      if (take(JSON.parse(message.data))) socket.send(JSON.stringify({ ack: seq }));
      else socket.close();
    };
    socket.onclose = () => later(failures > 2 ? byEvents : bySocket);
  };

  const byEvents = () => {
    const source = new EventSource(`${sse}?stream=${encodeURIComponent(stream)}&last_event_id=${seq}`, { withCredentials: true });
    const types = ["job.created", "job.progress", "job.completed", "job.failed", "reset"];
    const opened = Date.now();
    types.forEach((type) => source.addEventListener(type, (message) => {
      const item = JSON.parse(message.data);
      if (type === "reset") take({ ...item, type });
      else if (item.seq > seq) { seq = item.seq; show(item.data); } // facts of other types are not listened to
      failures = 0;
    }));
    source.onopen = () => say("Live (by server-sent events)");
    source.onerror = () => { source.close(); later(Date.now() - opened > 5000 ? bySocket : byRest); };
  };

  const byRest = async () => {
    try {
      const answer = await fetch(`${rest}?stream=${encodeURIComponent(stream)}&after=${seq}`, { headers: { Accept: "application/json" } });
      const page = await answer.json();
      if (page.reset) take({ type: "reset", seq: page.last_seq, snapshot: page.snapshot });
      page.results.forEach(take);
      say("Updated every few seconds; the live connection is away");
    } catch { /* the next try says so */ }
    later(bySocket);
  };

  bySocket();
})();
