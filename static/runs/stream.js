/* One stream of events, in exact order whatever happens to the line: websocket first, server-sent
   events when that does not open, the log by REST when neither does. Every item has a number; the
   next one is applied, one that is known is dropped, and a gap is filled from the log. */
const LIFE = ["job.created", "job.progress", "job.completed", "job.failed"];
const FINAL = new Set([4401, 4403]); // signed out, or no right to read this stream any more
const FULL = 4429; // this person follows as much as one may: look into the log instead
const KEPT = 500; // applied items remembered, for a page that is fetched anew in between
const ACK_ITEMS = 16; // the server sends 64 ahead, so it hears of items taken by so many at once,
const ACK_MS = 1000; // or after about so long, not all pages at once
const POLL_MS = 4000;
const SILENT_MS = 30000; // without a word: look into the log whether the line still carries
const WAYS = ["socket", "events", "log"];

export class Stream {
  /* `page` has `applied(item)`, `reset(snapshot)` and `state()`; `stand` is shown by the latter. */
  constructor({ stream, seq, ws, sse, rest }, page) {
    Object.assign(this, { stream, seq: Number(seq), ws, sse, rest, page });
    this.stand = "connecting";
    this.recent = [];
    this.way = 0; // of WAYS
    this.carried = new Set(); // those that have worked
    this.polls = 0;
    this.enough = 2; // polls until the line is tried again
    this.failures = 0;
    this.heard = Date.now();
    addEventListener("offline", () => this.lost(0));
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.retryNow(); });
    setInterval(() => this.watch(), SILENT_MS / 2);
    this.open();
  }

  say(stand) {
    this.stand = stand;
    this.page.state();
  }

  /* what arrives */

  take(item) {
    this.heard = Date.now();
    this.failures = 0;
    if (item.type === "reset") this.restart(item.seq, item.snapshot || item.data?.snapshot || []);
    else if (item.type === "hello") return;
    else if (item.seq === this.seq + 1) this.apply(item);
    else if (item.seq > this.seq) this.fill();
  }

  apply(item) {
    this.seq = item.seq;
    this.recent.push(item);
    if (this.recent.length > KEPT) this.recent.shift();
    this.page.applied(item);
  }

  restart(seq, snapshot) {
    this.seq = seq;
    this.recent = [];
    this.page.reset(snapshot);
  }

  /* Read what is missing from the log, page by page; true if there was any. */
  fill() {
    this.filling ??= this.readOn().finally(() => { this.filling = null; });
    return this.filling;
  }

  async readOn() {
    let found = false;
    for (;;) {
      const before = this.seq;
      const url = `${this.rest}?stream=${encodeURIComponent(this.stream)}&after=${before}`;
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (answer.status === 401 || answer.status === 404) return this.end();
      if (!answer.ok) throw new Error(`the log answered ${answer.status}`);
      const page = await answer.json();
      this.heard = Date.now();
      if (page.reset) { this.restart(page.last_seq, page.snapshot); return true; }
      for (const item of page.results) if (item.seq === this.seq + 1) this.apply(item);
      if (this.seq === before) return found;
      found = true;
    }
  }

  /* the line */

  open() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.over) return;
    this.close();
    ({ socket: () => this.bySocket(), events: () => this.byEvents(), log: () => this.byLog() })[WAYS[this.way]]();
  }

  close() {
    const line = this.line;
    this.line = null;
    line?.close();
  }

  bySocket() {
    const socket = new WebSocket(this.ws);
    this.line = socket;
    let opened = false;
    let told = this.seq;
    let timer = 0;
    const tell = () => {
      clearTimeout(timer);
      timer = 0;
      told = this.seq;
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ ack: told }));
    };
    socket.onopen = () => {
      opened = true;
      this.opened();
      socket.send(JSON.stringify({ resume: { stream: this.stream, seq: this.seq } }));
      this.say("live");
    };
    socket.onmessage = (message) => {
      if (this.line !== socket) return;
      this.take(JSON.parse(message.data));
      if (this.seq - told >= ACK_ITEMS) tell();
      else timer ||= setTimeout(tell, ACK_MS * (0.5 + Math.random()));
    };
    socket.onclose = (event) => {
      if (this.line !== socket) return;
      if (FINAL.has(event.code)) this.end();
      else if (event.code === FULL) this.poll();
      else this.lost(opened ? 0 : 1);
    };
  }

  byEvents() {
    const query = `stream=${encodeURIComponent(this.stream)}&last_event_id=${this.seq}`;
    const source = new EventSource(`${this.sse}?${query}`, { withCredentials: true });
    this.line = source;
    let opened = false;
    source.onopen = () => { opened = true; this.opened(); this.say("live"); };
    for (const type of [...LIFE, "reset"]) {
      source.addEventListener(type, (message) => {
        if (this.line === source) this.take({ ...JSON.parse(message.data), type });
      });
    }
    source.onerror = () => {
      if (this.line !== source) return;
      if (opened) this.way = 0; // it ended as it does after a while: the socket may open by now
      this.lost(opened ? 0 : 1);
    };
  }

  opened() {
    this.heard = Date.now();
    this.carried.add(WAYS[this.way]);
    this.enough = 2;
  }

  async byLog() {
    try {
      await this.fill();
      if (this.over) return;
      this.say("polling");
      this.polls += 1;
      if (this.polls >= this.enough) { // the line may carry again; ask ever less often
        this.way = this.polls = 0;
        this.enough = Math.min(16, this.enough * 2);
      }
      this.timer = setTimeout(() => this.open(), POLL_MS);
    } catch {
      this.way = 0;
      this.lost(0);
    }
  }

  /* The line broke; `unopened` counts against the way it took, so that the next one is tried. */
  lost(unopened) {
    if (this.over) return;
    this.close();
    this.failures += 1;
    this.refused = unopened ? (this.refused || 0) + 1 : 0;
    // a way that never carried is left soon, one that did gets the time that a restart takes
    if (this.refused >= (this.carried.has(WAYS[this.way]) ? 5 : 2) && navigator.onLine) {
      this.way = Math.min(this.way + 1, WAYS.length - 1);
      this.refused = this.failures = 0;
    }
    this.say("reconnecting");
    const pause = Math.min(10000, 250 * 2 ** Math.min(this.failures, 6)) * (0.5 + Math.random() / 2);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), pause);
  }

  poll() {
    this.close();
    this.way = WAYS.indexOf("log");
    this.polls = 0;
    this.open();
  }

  retryNow() {
    if (this.timer && this.stand === "reconnecting") this.open();
  }

  /* A line may be dead without a word of it: what the log has and the line did not bring tells. */
  async watch() {
    if (this.over || this.stand !== "live" || Date.now() - this.heard < SILENT_MS) return;
    try {
      if (await this.fill()) this.lost(0);
    } catch {
      this.lost(0);
    }
  }

  end() {
    this.over = true;
    this.close();
    clearTimeout(this.timer);
    this.say("ended");
    return false;
  }
}
