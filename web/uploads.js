// Files: dropped here, watched while they run, their counts, failures, downloads and records.

import { download, get, part, post } from "./api.js";
import { announce, fill, h, icon, own } from "./dom.js";
import { versionLink } from "./record.js";
import { bytes, changedOf, confidence, count, REASONS, reviewed, short, time, titleOf } from "./format.js";

const POLL = 2_000;
const POLL_LATER = 30_000;
const ENDED = new Set(["SUCCEEDED", "FAILED"]);
const STATES = { SUCCEEDED: "Done", FAILED: "Failed", RUNNING: "Running", DAMAGED: "Unknown" };

export function problem(error) {
  return h("div.problem", { role: "alert" },
    h("p", null, h("strong", null, own(error.message))),
    error.hint ? h("p", null, own(error.hint)) : null,
    error.code ? h("p.meta", null, `Code ${error.code}`) : null);
}

export function stateOf(upload) {
  const state = STATES[upload.state] ?? upload.state;
  return h("span.chip", { class: String(upload.state).toLowerCase() }, state);
}

function countsOf(counts) {
  if (!counts) return null;
  const parts = [["accepted", counts.accepted], ["review", counts.review], ["invalid", counts.invalid]];
  return h("div.counts", null,
    h("div.stack", { "aria-hidden": "true" }, parts.filter(([, n]) => n).map(([name, n]) => h("i", { class: name, vars: { "--n": String(n) } }))),
    h("p", null, parts.filter(([name, n]) => n || name === "accepted").map(([name, n], i) =>
      [i ? ", " : "", h("span", { class: `of ${name}` }, `${n.toLocaleString("en")} ${name === "review" ? "for review" : name}`)])));
}

function reviewOf(upload) {
  const { review, counts } = upload;
  if (!review) return counts?.review ? h("span.meta", null, "not queued") : null;
  if (!review.queued) return null;
  return h("span.meta", null, review.open
    ? `${review.decided} of ${review.queued} decided`
    : `all ${review.queued} decided${changedOf(review)}`);
}

export function uploadsView({ processes, may }) {
  const root = h("div.uploads");
  const sending = h("ul.sending", { "aria-label": "Files being sent" });
  const list = h("div.list", { "aria-busy": "true" }, h("div.skeleton", null, h("div", null), h("div", null)));
  const expected = new Map();
  let timer = null;
  let alive = false;
  let items = [];
  let cursor = null;
  let known = new Map();

  const select = h("select", { id: "drop-process" }, processes.map((one) => h("option", { value: one.id }, one.title ?? one.id)));
  const input = h("input.unseen", {
    type: "file", multiple: true, id: "drop-input",
    onchange: () => { take([...input.files]); input.value = ""; },
  });
  const zone = h("section.drop", { "aria-labelledby": "drop-title" },
    icon("up"),
    h("div", null,
      h("h2", { id: "drop-title" }, "Drop files here"),
      h("p.meta", null, "CSV, JSON, text, PDF, Word, Excel, HTML, mail, ZIP, pictures and scans")),
    h("p.row", null,
      h("label", null, "Judge by ", select),
      h("label.button.primary", { for: "drop-input" }, "Choose files"), input));
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); take([...event.dataTransfer.files]); });

  const left = h("p.notice", { hidden: true });
  const exporter = h("button.quiet", {
    type: "button",
    onclick: async () => {
      exporter.disabled = true;
      try {
        const { files, gone } = await download("/v1/reviews/export.csv");
        for (const [process, pieces] of files) save(new Blob(pieces, { type: "text/csv" }), `decisions-${process}.csv`);
        left.hidden = !gone;
        if (gone) fill(left, `Left out: ${count(gone, "decided record")}. ${gone === 1 ? "Its" : "Their"} results have expired or are damaged.`);
        announce(gone ? left.textContent : files.size ? "The decisions are downloaded." : "Nothing is decided yet.");
      } catch (error) {
        fill(list, problem(error));
      }
      exporter.disabled = false;
    },
  }, icon("down"), "Decisions of people (CSV)");

  root.append(
    h("header.head", null, h("h1", { tabindex: "-1" }, "Uploads"), exporter),
    left, ...(may.upload ? [zone, sending] : []), list);

  function take(files) {
    for (const file of files) send(file, select.value);
  }

  async function send(file, process) {
    const bar = h("progress", { max: 1, value: 0, "aria-label": "Sent" });
    const state = h("span.meta", null, "preparing");
    const row = h("li", null, icon("file"), h("span.title", null, own(file.name)), bar, state);
    sending.append(row);
    try {
      const form = await post("/v1/uploads", { process, name: file.name });
      state.textContent = "sending";
      await transmit(form, file, (share) => { bar.value = share; });
      state.textContent = "sent, waiting for the run";
      expected.set(form.key, row);
      announce(`${file.name} is sent.`);
      poll();
    } catch (error) {
      bar.remove();
      state.remove();
      row.append(problem(error), h("button", { type: "button", onclick: () => { row.remove(); send(file, process); } }, "Try again"),
        h("button.quiet", { type: "button", onclick: () => row.remove() }, "Dismiss"));
    }
  }

  async function poll() {
    clearTimeout(timer);
    if (!alive) return;
    try {
      const answer = await get("/v1/uploads", { limit: 50 });
      if (!alive) return;
      const more = items.slice(50).filter((one) => !answer.items.some((each) => each.id === one.id));
      items = [...answer.items, ...more];
      if (!more.length) cursor = answer.cursor;
      draw();
    } catch (error) {
      if (!alive) return;
      if (!items.length) fill(list, problem(error));
    }
    const busy = expected.size > 0 || items.some((one) => !ENDED.has(one.state) && one.state !== "DAMAGED");
    // Nothing runs: a file may still be dropped into the bucket from elsewhere, so look now and then.
    if (busy || !document.hidden) timer = setTimeout(poll, busy ? POLL : POLL_LATER);
  }

  function draw() {
    for (const one of items) {
      expected.get(one.key)?.remove();
      expected.delete(one.key);
      const before = known.get(one.id);
      if (before && before !== one.state && ENDED.has(one.state)) {
        announce(`${one.name ?? short(one.id)}: ${STATES[one.state]}.`);
      }
    }
    known = new Map(items.map((one) => [one.id, one.state]));
    list.removeAttribute("aria-busy");
    if (!items.length) {
      fill(list, h("div.state", null, h("h2", null, "No uploads yet"),
        h("p", null, may.upload ? "Drop a file above. Each row or document is judged, and listed here." : "Files that are dropped into the bucket are listed here.")));
      return;
    }
    const focused = document.activeElement?.dataset?.upload;
    fill(list, h("ul.cards", null, items.map(card)),
      cursor ? h("button.more", { type: "button", onclick: more }, "Older uploads") : null);
    if (focused) list.querySelector(`[data-upload="${CSS.escape(focused)}"]`)?.focus();
  }

  function card(one) {
    return h("li.card", null,
      h("div.top", null,
        h("a.title", { href: `#/uploads/${part(one.id)}`, "data-upload": one.id }, own(one.name ?? short(one.id))),
        stateOf(one)),
      h("p.meta", null, own([one.process, bytes(one.size), time(one.claimed_at)].filter(Boolean).join(" · "))),
      ENDED.has(one.state) ? null : h("progress", { "aria-label": "Running" }),
      countsOf(one.counts), reviewOf(one),
      one.error ? h("p.failed", null, own(one.error.message), one.error.hint ? h("span.meta", null, own(one.error.hint)) : null) : null);
  }

  async function more() {
    const answer = await get("/v1/uploads", { limit: 50, cursor }).catch(() => null);
    if (!answer) return;
    cursor = answer.cursor;
    items = [...items, ...answer.items.filter((one) => !items.some((each) => each.id === one.id))];
    draw();
  }

  const visible = () => { if (!document.hidden) poll(); };
  return {
    root,
    title: "Uploads",
    async enter() {
      alive = true;
      document.addEventListener("visibilitychange", visible);
      await poll();
    },
    leave() {
      alive = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", visible);
    },
  };
}

/** Sends a file by the presigned form, and says how far it is. */
function transmit({ url, fields }, file, progress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new Error(request.status === 400 ? "The store did not take the file: it is too large, or the form is too old." : `The store answered ${request.status}.`));
    });
    request.addEventListener("error", () => reject(new Error("The file could not be sent: no network.")));
    request.send(form);
  });
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** One upload: how it went, its files, its records. */
export function uploadView({ processes, may }) {
  const root = h("div.upload");
  const top = h("div");
  const table = h("section.records", { "aria-label": "Records" });
  root.append(top, table);
  let id = null;
  let outcome = "";
  let timer = null;
  let alive = false;
  let upload = null;

  async function load() {
    clearTimeout(timer);
    const asked = id;
    const left = () => !alive || asked !== id;
    try {
      const answer = await get(`/v1/uploads/${part(asked)}`);
      if (left()) return;
      upload = answer;
    } catch (error) {
      if (left()) return;
      if (!upload) fill(top, h("h1", { tabindex: "-1" }, "Upload"), problem(error));
      if (error.retry) timer = setTimeout(load, POLL);
      return;
    }
    draw();
    if (!ENDED.has(upload.state)) timer = setTimeout(load, POLL);
    else if (!table.hasChildNodes() && upload.counts) await records();
  }

  function draw() {
    const one = upload;
    const process = processes.find((each) => each.id === one.process);
    fill(top,
      h("a.back", { href: "#/uploads" }, icon("back"), "Uploads"),
      h("header.head", null, h("h1", { tabindex: "-1" }, own(one.name ?? short(one.id))), stateOf(one)),
      h("p.meta", null, own([process?.title ?? one.process, one.process_version, bytes(one.size), time(one.claimed_at),
        one.threshold_from && `threshold ${one.threshold}, from the ${one.threshold_from}`].filter(Boolean).join(" · ")),
        one.version ? [" · ", versionLink(one.process, one.version)] : null),
      ENDED.has(one.state) ? null : h("progress", { "aria-label": "Running" }),
      one.error ? h("div.problem", null, h("p", null, h("strong", null, own(one.error.message))),
        one.error.hint ? h("p", null, own(one.error.hint)) : null, h("p.meta", null, `Code ${one.error.code}`)) : null,
      h("div.facts", null,
        countsOf(one.counts),
        one.decisions && Object.keys(one.decisions).length
          ? h("p.meta", null, Object.entries(one.decisions).map(([name, n], i) => [i ? ", " : "", own(titleOf(process, name)), ` ${n}`])) : null,
        one.review?.queued ? h("p", null, reviewOf(one)) : null),
      one.withheld ? h("p.notice", null, "Files with the machine's decisions are here when all blind checks of this upload are decided.") : null,
      (one.notes ?? []).map((note) => h("p.notice", null, own(note.text))),
      h("p.row", null,
        one.review?.open ? h("a.button.primary", { href: `#/review?process=${part(one.process)}` }, `Review (${one.review.open} open)`) : null,
        may.upload && !one.review?.queued && one.counts?.review && one.state === "SUCCEEDED" ? queueButton() : null,
        (one.files ?? []).map((file) => h("a.button.quiet", { href: file.url, download: file.name, rel: "noreferrer" }, icon("down"), own(file.name), h("span.meta", null, bytes(file.size))))));
    if (one.cost) import("./costs.js").then(({ costLine }) => alive && upload === one && top.querySelector(".facts").append(costLine(one.cost)), () => {});
  }

  function queueButton() {
    const button = h("button.primary", {
      type: "button",
      onclick: async () => {
        button.disabled = true;
        try {
          const answer = await post(`/v1/uploads/${part(id)}/queue`, {});
          announce(`${count(answer.queued, "record")} queued.`);
          await load();
        } catch (error) {
          button.replaceWith(problem(error));
        }
      },
    }, `Queue ${count(upload.counts.review, "record")} for review`);
    return button;
  }

  const TABS = [["", "All"], ["review", "For review"], ["accepted", "Accepted"], ["invalid", "Invalid"]];

  async function records(cursor = null) {
    if (!cursor) {
      fill(table,
        h("div.tabs", { role: "group", "aria-label": "Records by outcome" }, TABS.map(([value, title]) =>
          h("button", { type: "button", "aria-pressed": String(value === outcome), onclick: () => { outcome = value; records(); table.querySelector("[aria-pressed=true]")?.focus(); } },
            title, upload.counts ? h("span.meta", null, ` ${value ? upload.counts[value] : upload.counts.records}`) : null))),
        h("div.table", { tabindex: "0", role: "region", "aria-label": "Table of records" }, h("p.meta", null, "Loading …")));
    }
    const body = table.querySelector(".table");
    const asked = `${id} ${outcome}`;
    try {
      const answer = await get(`/v1/uploads/${part(id)}/records`, { outcome, cursor, limit: 100 });
      if (asked !== `${id} ${outcome}`) return;
      const process = processes.find((each) => each.id === upload.process);
      const rows = answer.items.map((one) => row(one, process));
      if (cursor) body.querySelector("tbody").append(...rows);
      else {
        fill(body, rows.length ? h("table", null,
          h("thead", null, h("tr", null, ["Record", "Outcome", "Machine", "Confidence", "Person"].map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", null, rows)) : h("p.empty", null, "No such record."));
      }
      table.querySelector(".more")?.remove();
      if (answer.cursor) table.append(h("button.more", { type: "button", onclick: () => records(answer.cursor) }, "More records"));
    } catch (error) {
      fill(body, problem(error));
    }
  }

  function row(one, process) {
    const sure = confidence(one);
    const named = one.source_id ?? `Record ${one.record}`;
    return h("tr", null,
      h("th", { scope: "row" }, h("a", { href: `#/uploads/${part(id)}/${one.record}` }, own(named)),
        one.source_id ? h("span.meta", null, ` ${one.record}`) : null, one.part ? h("span.meta", null, " ", own(one.part)) : null),
      h("td", null, h("span", { class: `of ${one.outcome}` }, one.outcome === "review" ? "for review" : one.outcome),
        one.reason ? h("span.meta", null, own(REASONS[one.code] ?? one.reason)) : null),
      h("td", null, one.decision ? own(titleOf(process, one.decision)) : "–"),
      h("td.number", { title: sure?.long }, sure?.short ?? "–"),
      h("td", null, one.review && one.review.state !== "open"
        ? [h("strong", null, own(reviewed(process, one.review))), one.review.changed ? " (changed)" : "", h("span.meta", null, own(one.review.by ?? ""))]
        : one.review ? h("span.meta", null, "open") : ""));
  }

  return {
    root,
    title: "Upload",
    async enter({ upload: given }) {
      if (given !== id) {
        id = given;
        upload = null;
        outcome = "";
        fill(top, h("div.skeleton", null, h("div", null), h("div", null)));
      }
      fill(table);
      alive = true;
      await load();
    },
    leave() {
      alive = false;
      clearTimeout(timer);
    },
  };
}
