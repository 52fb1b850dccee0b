/* Drop a file, hear at once what cannot be taken, see it go up. Without this the form is sent as it is. */
(() => {
  "use strict";
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const input = form.querySelector('input[type="file"]');
  const drop = form.querySelector("[data-drop]");
  const problem = form.querySelector("[data-upload-problem]");
  const state = form.querySelector("[data-upload-progress]");
  const button = form.querySelector("button.jb-btn--main");
  const most = Number(input.dataset.most);
  // what is told by its first bytes; the server looks again, and closer
  const NEVER = [
    [[0x25, 0x50, 0x44, 0x46], "a PDF"], [[0x89, 0x50, 0x4e, 0x47], "a picture"],
    [[0xff, 0xd8, 0xff], "a picture"], [[0xd0, 0xcf, 0x11, 0xe0], "an old Office file (.xls or .doc)"],
    [[0x52, 0x61, 0x72, 0x21], "an archive"], [[0x37, 0x7a, 0xbc, 0xaf], "an archive"],
  ];
  const tell = (text) => { problem.textContent = text; problem.hidden = !text; };
  const refusal = async (file) => {
    if (!file) return "Choose a file first.";
    if (!file.size) return `“${file.name}” is empty; nothing was sent.`;
    if (file.size > most) return `“${file.name}” has ${Math.ceil(file.size / 1048576)} MB, more than the ${most / 1048576} MB a file may have; nothing was sent. Split it and upload the parts.`;
    const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
    const found = NEVER.find(([magic]) => magic.every((byte, place) => head[place] === byte));
    return found ? `“${file.name}” is ${found[1]}, not a list of jobs; nothing was sent. Save it as CSV or Excel (.xlsx).` : "";
  };
  const show = (percent, words) => {
    state.hidden = false;
    state.querySelector("progress").value = percent;
    state.querySelector("span").textContent = words;
  };
  const over = (failed) => { button.disabled = false; state.hidden = true; tell(failed); };

  drop.querySelector("[data-drop-hint]").hidden = false;
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("jb-drop--over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("jb-drop--over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    if (event.dataTransfer.files.length > 1) { tell("Drop one file at a time; nothing was sent."); return; }
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", async () => tell(input.files.length ? await refusal(input.files[0]) : ""));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const refused = await refusal(input.files[0]);
    if (refused) { tell(refused); input.focus(); return; }
    tell("");
    button.disabled = true;
    const sent = new XMLHttpRequest();
    sent.open("POST", form.action || location.href);
    sent.setRequestHeader("Accept", "application/json");
    sent.responseType = "json";
    sent.upload.addEventListener("progress", (step) => {
      const percent = Math.floor((step.loaded * 100) / step.total);
      show(percent, percent < 100 ? `${percent} % of ${(step.total / 1048576).toFixed(1)} MB` : "Looking into the file…");
    });
    sent.addEventListener("load", () => {
      if (sent.response && sent.response.url) { location.assign(sent.response.url); return; }
      over(sent.response && sent.response.errors ? sent.response.errors.join(" ") : `The server answered ${sent.status}; the file was not stored. Try again in a moment.`);
    });
    sent.addEventListener("error", () => over("The connection broke; the file was not stored. Try again."));
    show(0, "Starting…");
    sent.send(new FormData(form));
  });
})();
