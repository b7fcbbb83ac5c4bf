// The view Try: a text or a picture is judged at once. Loaded when it is opened.

import { get, part, post, Problem } from "./api.js";
import { appeared } from "./keys.js";
import { announce, fill, h, icon, own } from "./dom.js";
import { reviewed, time, titleOf } from "./format.js";
import { pictureField } from "./picture.js";
import { recordCase } from "./single.js";
import { problem } from "./uploads.js";

/** Type or paste a text, or choose a picture, and see what comes of it. */
export function tryView(context) {
  const { processes, may } = context;
  const root = h("div.try");
  const result = h("div.result");
  const earlier = h("section.earlier", { "aria-labelledby": "earlier-title", hidden: true });
  const body = recordCase({ ...context, after: () => recent() });
  const rows = h("div.rows");
  let wanted = null;
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
  const submit = h("button.primary", { type: "submit" }, h("span", null, "Submit"));
  const picture = pictureField(about.id);
  const form = h("form.ask", { onsubmit: (event) => { event.preventDefault(); send(); } },
    h("p.row", null, h("label", { for: "try-process" }, "Process"), select), about,
    textLabel, area, picture.root, rows,
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
    picture.root.hidden = !process?.pictures;
    return recent();
  }

  async function send() {
    const fields = {};
    for (const row of rows.children) {
      const name = row.querySelector("[data-name]").value.trim();
      if (name) fields[name] = row.querySelector("[data-value]").value;
    }
    const given = area.value;
    const text = area.hidden ? "" : given;
    const pictured = !picture.root.hidden;
    if (!pictured && !text.trim() && !Object.keys(fields).length) {
      fill(result, problem(new Problem(400, { detail: "There is no text.", hint: "Type or paste a text, or add a column." })));
      area.focus();
      return;
    }
    submit.disabled = true;
    body.show(null);
    fill(result, h("div.skeleton", { "aria-busy": "true" }, h("div", null), h("div", null)));
    try {
      const sent = pictured ? await picture.content() : null;
      const made = await post("/v1/predictions", {
        process: select.value,
        ...(sent ? { picture: sent } : {}),
        ...(text.trim() ? { text } : {}),
        ...(Object.keys(fields).length ? { fields } : {}),
      });
      show(sent ? { ...made, pages: [{ url: picture.shown() }] } : made);
      history.replaceState(null, "", `#/try/${part(made.id)}`);
      announce(`The machine says ${titleOf(body.item.process, made.decision?.value)}.`);
      // Who goes on typing keeps the field.
      if (area.value === given) {
        appeared(true);
        body.root.querySelector("#record-name")?.focus();
      }
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
      if (process.id !== select.value) return;
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
      wanted = prediction;
      if (prediction && body.item?.upload !== prediction) {
        body.show(null);
        fill(result, h("div.skeleton", null, h("div", null), h("div", null)));
        try {
          const made = await get(`/v1/predictions/${part(prediction)}`);
          if (wanted !== prediction) return;
          select.value = made.process.id;
          show(made);
        } catch (error) {
          if (wanted !== prediction) return;
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

function silent(decision) {
  if (decision?.kind !== "criteria") return [];
  return decision.criteria.filter((one) => !one.evidence.length && one.verdict === "undetermined").map((one) => one.title);
}
