// One record outside the queue: any record by its link with its history, and a text or picture just tried.

import { get, part, post, Problem } from "./api.js";
import { announce, fill, h, icon, own } from "./dom.js";
import { decisionDock, press } from "./decide.js";
import { reviewed, short, time, titleOf } from "./format.js";
import { historyList, lighter, machinePanel, recordSheet } from "./record.js";
import { saveDraft, saveDraftsAtOnce } from "./review.js";
import { decisionOf } from "./session.js";
import { problem } from "./uploads.js";

const PICTURES = "image/png,image/jpeg,image/tiff,image/webp,image/gif";
const MOST_BYTES = 4_000_000;

/** A record with its decision, for a page of its own. Decisions go through the outbox like all others. */
function recordCase({ outbox, keys, may, after, conflicts }) {
  const root = h("div.single");
  let item = null;

  const on = {
    decide(choice) {
      if (!item || !may.decide) return;
      const sent = item;
      sent.pending = choice;
      sent.trouble = null;
      outbox.add(decisionOf(sent, choice, null, () => {
        sent.pending = null;
        announce("Saved.");
        if (sent === item) after?.();
        draw();
      }, (error) => {
        sent.pending = null;
        if (error.status === 409) {
          const settle = (overrule) => {
            sent.version = error.body.version ?? sent.version;
            sent.review = error.body.review ?? sent.review;
            if (overrule) on.decide(choice);
            draw();
          };
          conflicts({ item: sent, choice, error, settle });
        } else {
          sent.trouble = error;
        }
        draw();
      }));
      draw();
    },
  };

  function draw() {
    if (!item) return;
    const focused = root.contains(document.activeElement) && document.activeElement !== root;
    const { review } = item;
    const decided = item.pending
      ? h("p.decided", { role: "status" }, "Being saved: ", h("strong", null, own(item.pending.cannotTell ? "Cannot tell" : titleOf(item.process, item.pending.decision))))
      : review && review.state === "decided"
        ? h("p.decided", null, icon("check"), h("span", null, h("strong", null, own(reviewed(item.process, review))), " by ", own(review.by ?? ""), ", ", time(review.at),
          review.changed ? " (not what the machine said)" : ""))
        : null;
    const someone = item.lease && !review?.decision ? h("p.notice", null, "Open with ", own(item.lease.by), " at the moment.") : null;
    const erased = review?.state === "erased";
    fill(root, h("div.case", null,
      recordSheet(item),
      h("div.side", null,
        machinePanel(item, { lit: (button, number) => lighter(root)(button, number) }),
        decided, someone,
        item.trouble ? problem(item.trouble) : null,
        may.decide && item.decision !== undefined && !erased && item.version !== undefined
          ? decisionDock(item, { on, keys: keys.on, saveDraft }) : null)));
    if (focused) root.querySelector("#record-name").focus({ preventScroll: true });
  }

  return {
    root,
    show(given) {
      item = given;
      if (item) item.note ??= item.draft ?? item.review?.note ?? "";
      if (item) draw();
      else fill(root);
    },
    draw,
    get item() { return item; },
    press: (action) => (item && may.decide ? press(root, item, action, on) : false),
    leave() { if (item) saveDraftsAtOnce([item]); },
  };
}

/** Any record, by its link. */
export function recordView(context) {
  const root = h("div.record-page");
  const back = h("p");
  const trouble = h("div");
  const past = h("section.past", { "aria-labelledby": "past-title" });
  const body = recordCase({ ...context, after: () => history() });
  root.append(back, trouble, body.root, past);
  let where = null;

  async function history() {
    try {
      const answer = await get(`/v1/uploads/${part(where.upload)}/records/${part(where.record)}/history`);
      fill(past, h("h2", { id: "past-title" }, "History"), historyList(body.item?.process, answer.items));
    } catch {
      fill(past);
    }
  }

  return {
    root,
    title: "Record",
    draw: body.draw,
    async enter(given) {
      where = given;
      fill(trouble);
      fill(past);
      fill(back, h("a.back", { href: `#/uploads/${part(where.upload)}` }, icon("back"), `Upload ${short(where.upload)}`));
      fill(body.root, h("div.skeleton", null, h("div", null), h("div", null), h("div", null)));
      try {
        body.show(await get(`/v1/uploads/${part(where.upload)}/records/${part(where.record)}`));
        announce("The record is shown.");
      } catch (error) {
        fill(body.root);
        fill(trouble, h("h1", { tabindex: "-1" }, error.status === 410 ? "Erased" : error.status === 404 ? "No such record" : "The record cannot be shown"), problem(error));
        return;
      }
      await history();
    },
    leave: () => body.leave(),
    press: (action) => body.press(action),
  };
}

/** Type or paste a text, or choose a picture, and see what comes of it. */
export function tryView(context) {
  const { processes, may } = context;
  const root = h("div.try");
  const result = h("div.result");
  const earlier = h("section.earlier", { "aria-labelledby": "earlier-title", hidden: true });
  const body = recordCase({ ...context, after: () => recent() });
  const rows = h("div.rows");
  const select = h("select", { id: "try-process", onchange: () => chosen() },
    processes.map((one) => h("option", { value: one.id }, one.title ?? one.id)));
  const about = h("p.meta", { id: "try-about" });
  const area = h("textarea", {
    id: "try-text", rows: 4, dir: "auto", "aria-describedby": "try-about",
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    },
  });
  const textLabel = h("label", { for: "try-text" }, "Text");
  const file = h("input", { id: "try-picture", type: "file", accept: PICTURES, "aria-describedby": "try-about" });
  const picture = h("p.row", { hidden: true }, h("label", { for: "try-picture" }, "Picture"), file);
  const submit = h("button.primary", { type: "submit" }, h("span", null, "Submit"));
  let seen = null; // the address of the picture that was submitted, in this browser
  const form = h("form.ask", { onsubmit: (event) => { event.preventDefault(); send(); } },
    h("p.row", null, h("label", { for: "try-process" }, "Process"), select), about,
    textLabel, area, picture, rows,
    h("p.row", null, submit,
      h("button.quiet", { type: "button", onclick: () => addRow() }, "Add a column"),
      h("span.meta", null, "A text is kept for a limited time, with its result; of a picture only the result is.")));
  root.append(h("header.head", null, h("h1", { tabindex: "-1" }, "Try")), ...(may.decide ? [form] : []), result, earlier);

  function addRow(given = "") {
    const name = h("input", { "aria-label": "Name of the column", placeholder: "column", "data-name": "", autocomplete: "off", value: given });
    const row = h("p.row", null, name,
      h("input", { "aria-label": "Value", placeholder: "value", "data-value": "", autocomplete: "off" }),
      h("button.quiet", { type: "button", "aria-label": "Remove the column", onclick: () => row.remove() }, icon("cross")));
    rows.append(row);
    if (!given) name.focus();
  }

  /** The form of a process: some judge columns with numbers, with or without a text. */
  function chosen() {
    const process = processes.find((one) => one.id === select.value);
    const asked = [...rows.children].map((row) => row.querySelector("[data-name]").value);
    for (const name of process?.numbers ?? []) if (!asked.includes(name)) addRow(name);
    area.hidden = textLabel.hidden = process?.text === false;
    picture.hidden = !process?.pictures;
    return recent();
  }

  async function send() {
    const fields = {};
    for (const row of rows.children) {
      const name = row.querySelector("[data-name]").value.trim();
      if (name) fields[name] = row.querySelector("[data-value]").value;
    }
    const text = area.hidden ? "" : area.value;
    const chosenFile = picture.hidden ? null : file.files[0];
    if (!picture.hidden && !chosenFile) {
      fill(result, problem(new Problem(400, { detail: "There is no picture.", hint: "Choose a file in PNG, JPEG, TIFF, WebP or GIF." })));
      file.focus();
      return;
    }
    if (chosenFile?.size > MOST_BYTES) {
      fill(result, problem(new Problem(413, { detail: "The picture has more than 4 MB.", hint: "Drop it under Uploads." })));
      return;
    }
    if (!chosenFile && !text.trim() && !Object.keys(fields).length) {
      fill(result, problem(new Problem(400, { detail: "There is no text.", hint: "Type or paste a text, or add a column." })));
      area.focus();
      return;
    }
    submit.disabled = true;
    fill(result, h("div.skeleton", { "aria-busy": "true" }, h("div", null), h("div", null)));
    try {
      const sent = chosenFile ? await base64(chosenFile) : null;
      const made = await post("/v1/predictions", {
        process: select.value,
        ...(sent ? { picture: sent } : {}),
        ...(text.trim() ? { text } : {}),
        ...(Object.keys(fields).length ? { fields } : {}),
      });
      if (seen) URL.revokeObjectURL(seen);
      seen = chosenFile ? URL.createObjectURL(chosenFile) : null;
      show(seen ? { ...made, pages: [{ url: seen }] } : made);
      history.replaceState(null, "", `#/try/${part(made.id)}`);
      announce(`The machine says ${titleOf(body.item.process, made.decision?.value)}.`);
      body.root.querySelector("#record-name")?.focus();
      recent();
    } catch (error) {
      fill(result, problem(error));
    }
    submit.disabled = false;
  }

  function show(made) {
    const process = processes.find((one) => one.id === made.process.id) ?? made.process;
    body.show({ ...made, upload: made.id, record: 1, process, kind: "prediction", hidden: false, pages: made.pages ?? [], missing: made.missing ?? silent(made.decision) });
    fill(result, body.root);
  }

  async function recent() {
    const process = processes.find((one) => one.id === select.value);
    fill(about, own(process?.description ?? ""));
    if (!process) return;
    try {
      const answer = await get("/v1/predictions", { process: process.id, limit: 10 });
      earlier.hidden = !answer.items.length;
      fill(earlier, answer.items.length ? [
        h("h2", { id: "earlier-title" }, "Tried before"),
        h("ul.cards.small", null, answer.items.map((one) => h("li.card", null,
          h("a.title", { href: `#/try/${part(one.id)}` }, one.picture ? "Picture" : own((one.text ?? "").slice(0, 90) || "Columns only")),
          h("p.meta", null, own(titleOf(process, one.decision?.value)), " · ", time(one.at),
            one.review?.state === "decided" ? [" · ", h("strong", null, own(reviewed(process, one.review)))] : null)))),
      ] : null);
    } catch {
      earlier.hidden = true;
    }
  }

  return {
    root,
    title: "Try",
    draw: body.draw,
    async enter({ prediction }) {
      if (prediction && body.item?.upload !== prediction) {
        fill(result, h("div.skeleton", null, h("div", null), h("div", null)));
        try {
          const made = await get(`/v1/predictions/${part(prediction)}`);
          select.value = made.process.id;
          show(made);
        } catch (error) {
          fill(result, problem(error));
        }
      }
      if (!processes.length) fill(result, h("p.notice", null, "There is no process that you may use."));
      await chosen();
    },
    leave: () => body.leave(),
    press: (action) => body.press(action),
  };
}

/** What is in a file, in base64. */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Problem(400, { detail: "The file cannot be read.", hint: "Choose it again." }));
    reader.readAsDataURL(file);
  });
}

function silent(decision) {
  if (decision?.kind !== "criteria") return [];
  return decision.criteria.filter((one) => !one.evidence.length && one.verdict === "undetermined").map((one) => one.title);
}
