// The queue: one record on the screen, one key a decision.

import { appeared, pressed } from "./keys.js";
import { get, part, post } from "./api.js";
import { announce, fill, h, icon, own } from "./dom.js";
import { decisionDock, press } from "./decide.js";
import { changedOf, confidence, count, REASONS, reviewed, short, time, titleOf } from "./format.js";
import { keyOf } from "./session.js";
import { lighter, machinePanel, nameOf, recordSheet } from "./record.js";

const RENEW_EVERY = 120_000;
const LOOK_EVERY = 20_000;
const RETRY_EVERY = 4_000;

/** The note as it is typed, kept by the server until the record is decided. */
export async function saveDraft(item) {
  const note = item.note ?? "";
  await post("/v1/drafts", { upload: item.upload, record: item.record, note });
  if (item.note === note) item.unsaved = false;
}

export function reviewView({ session, processes, keys, navigate }) {
  const root = h("div.review");
  const bar = h("div.bar");
  const stage = h("div.stage");
  const line = h("div.before");
  root.append(bar, stage);
  let shown = null;
  let timers = [];
  let drawn = "";
  let wasHere = false;

  const on = {
    decide: (choice) => session.decide(choice),
    skip: () => session.skip(),
    undo() {
      if (session.undo()) announce("Taken back.");
      else announce("There is nothing to take back.");
    },
  };

  function filterBar(query) {
    const choose = (name, all, options) => h("label", null,
      h("span.unseen", null, name),
      h("select", {
        onchange: (event) => navigate("review", { ...query, [name]: event.target.value }),
      }, h("option", { value: "" }, all), options.map(([value, title]) =>
        h("option", { value, selected: query[name] === value }, title))));
    return h("form.filters", { "aria-label": "What to review", onsubmit: (event) => event.preventDefault() },
      choose("process", "All processes", processes.map((one) => [one.id, one.title ?? one.id])),
      choose("reason", "Any reason", Object.entries(REASONS)),
      choose("outcome", "Set aside and spot checks", [["review", "Set aside"], ["accepted", "Spot checks"]]));
  }

  function progress(totals) {
    if (!totals) return null;
    const done = totals.decided ?? 0;
    const all = Math.max(totals.queued ?? 0, done);
    return h("p.progress", null,
      h("span", null, h("strong", null, count(totals.open ?? 0, "record")), " to decide"),
      all ? h("progress", { max: all, value: done, "aria-label": "Decided" }) : null,
      h("span.meta", null, `${done.toLocaleString("en")} of ${all.toLocaleString("en")} decided${changedOf(totals)}`));
  }

  function draw() {
    const item = session.current;
    fill(progressBox, progress(session.totals));
    before();
    const state = item ? `${keyOf(item)} ${keys.on}` : stateName();
    if (state === drawn && item === shown) return;
    drawn = state;
    if (item && item !== shown) appeared();
    // The focus follows the records; it is not taken when the page has just opened.
    const hadFocus = stage.contains(document.activeElement) || (wasHere && document.activeElement === document.body);
    wasHere = wasHere || Boolean(item);
    shown = item;
    if (item) {
      const sheet = recordSheet(item);
      const panel = machinePanel(item, { lit: (button, number) => lighter(root)(button, number) });
      const dock = decisionDock(item, {
        on, keys: keys.on, footer: line,
        saveDraft: async (one) => { if (session.held.includes(one)) await saveDraft(one); },
      });
      fill(stage, h("div.case", null, sheet, h("div.side", null, panel, dock)));
      window.scrollTo(0, 0);
      if (hadFocus) sheet.querySelector("#record-name").focus({ preventScroll: true });
      announce(spoken(item));
    } else {
      fill(stage, waiting());
      if (hadFocus) stage.querySelector("[tabindex]")?.focus();
    }
  }

  function stateName() {
    if (session.trouble && !session.loading) return `trouble ${session.trouble.message}`;
    if (session.empty && !session.loading) return session.partial ? "partial" : "empty";
    return drawn === "empty" || drawn.startsWith("trouble") ? drawn : "loading";
  }

  function waiting() {
    if (drawn.startsWith("trouble")) {
      const { trouble } = session;
      return h("div.state", null, h("h1", { tabindex: "-1" }, trouble?.offline ? "No network" : "The queue cannot be read"),
        h("p", null, trouble?.offline ? "The next records come as soon as the network is back." : own(trouble?.message ?? "")),
        trouble?.hint ? h("p", null, own(trouble.hint)) : null,
        h("button", { type: "button", onclick: () => session.fill() }, "Try again"));
    }
    if (drawn === "partial") {
      announce("None found yet.");
      return h("div.state", null, h("h1", { tabindex: "-1" }, "None found yet"),
        h("p", null, "The queue is long: only a part of it was looked at, and no record there is like that. There may be some further behind."),
        h("p.row", null,
          h("button", { type: "button", onclick: () => session.fill() }, "Look further"),
          query.reason || query.outcome ? h("button", { type: "button", onclick: () => navigate("review", { process: query.process }) }, "Show any") : null,
          session.canUndo ? h("button", { type: "button", onclick: on.undo }, icon("undo"), "Undo the last decision") : null));
    }
    if (drawn === "empty") {
      announce("Nothing is left to decide.");
      const open = session.totals?.open ?? 0;
      const narrowed = query.reason || query.outcome;
      return h("div.state", null, icon("check"), h("h1", { tabindex: "-1" }, "Nothing left to decide"),
        h("p", null, !open
          ? "Everything that was set aside has been decided. New records appear here by themselves."
          : narrowed
            ? `No record is like that. ${count(open, "record")} of any reason ${open === 1 ? "is" : "are"} open.`
            : `${count(open, "record")} ${open === 1 ? "is" : "are"} open with others, or skipped by you.`),
        h("p.row", null,
          narrowed ? h("button", { type: "button", onclick: () => navigate("review", { process: query.process }) }, "Show any") : null,
          open ? h("button", { type: "button", onclick: () => session.look(true) }, "Show what I skipped") : null,
          session.canUndo ? h("button", { type: "button", onclick: on.undo }, icon("undo"), "Undo the last decision") : null,
          h("a.button", { href: "#/uploads" }, "To the uploads")));
    }
    return h("div.skeleton", { "aria-busy": "true" }, h("p.unseen", null, "The next record is being fetched."),
      h("div", null), h("div", null), h("div", null));
  }

  /** One line on the decision before: what was decided and, if it was blind, whether the machine agrees. */
  function before() {
    const { last } = session;
    if (!last) {
      fill(line);
      return;
    }
    const { item, choice, machine } = last;
    const mine = choice.skipped ? "skipped" : choice.cannotTell ? "cannot tell" : titleOf(item.process, choice.decision);
    const parts = ["Before: ", own(nameOf(item)), ", ", h("strong", null, own(mine)), ". "];
    if (item.hidden) {
      if (machine) {
        const theirs = own(titleOf(item.process, machine.decision) || "nothing");
        parts.push(h("span", { class: machine.agreed ? "agrees" : "differs" },
          icon(machine.agreed ? "check" : "minus"),
          machine.agreed ? ["Blind check: the machine says the same."] : ["Blind check: the machine says ", theirs, "."]));
        if (last !== told) {
          told = last;
          announce(machine.agreed ? "Blind check: the machine says the same." : "Blind check: the machine says otherwise.");
        }
      } else parts.push("Blind check: comparing …");
    }
    fill(line, h("p", null, parts));
  }
  let told = null;

  function spoken(item) {
    const decision = item.hidden ? "Blind check, decide first." : `The machine says ${titleOf(item.process, item.decision?.value)}`;
    const sure = item.hidden ? "" : confidence(item)?.short ?? "";
    return `${nameOf(item)}. ${decision} ${sure}. ${item.reason ?? ""}`;
  }

  const progressBox = h("div");

  const list = h("details.ahead", {
    ontoggle: () => { if (list.open) waitingList(); },
  }, h("summary", null, "What is waiting"), h("div.table"));

  async function waitingList(cursor = null) {
    const body = list.querySelector(".table");
    if (!cursor) fill(body, h("p.meta", null, "Loading …"));
    try {
      const answer = await get("/v1/queue", { ...query, limit: 50, cursor });
      const rows = answer.items.map((one) => h("tr", null,
        h("td", null, h("a", { href: `#/uploads/${part(one.upload)}/${one.record}` }, `${short(one.upload)} / ${one.record}`)),
        h("td", null, own(one.process)),
        h("td", null, REASONS[one.reason] ?? own(one.reason ?? "")),
        h("td", null, one.blind ? "blind" : [own(titleOf(null, one.decision)), " ", one.confidence?.toFixed?.(2) ?? ""]),
        h("td", null, time(one.waiting_since)),
        h("td", null, one.leased ? "open with somebody" : "")));
      if (!cursor) {
        fill(body, rows.length
          ? h("table", null, h("thead", null, h("tr", null, ["Record", "Process", "Reason", "Machine", "Waits since", ""].map((one) => h("th", { scope: "col" }, one)))), h("tbody", null, rows))
          : h("p.meta", null, "Nothing is waiting."));
      } else {
        body.querySelector("tbody").append(...rows);
        body.querySelector(".more")?.remove();
      }
      if (answer.cursor) body.append(h("button.more", { type: "button", onclick: () => waitingList(answer.cursor) }, "More"));
    } catch (error) {
      fill(body, h("p.problem", null, own(error.message)));
    }
  }

  let query = {};
  return {
    root,
    title: "Review",
    draw,
    async enter(given) {
      query = { process: given.process, reason: given.reason, outcome: given.outcome };
      for (const name of Object.keys(query)) if (!query[name]) delete query[name];
      drawn = "";
      fill(bar, filterBar(query), progressBox);
      root.append(list);
      timers = [
        setInterval(() => { if (!document.hidden) session.renew(); }, RENEW_EVERY),
        setInterval(() => { if (session.empty && !session.partial && !document.hidden) session.look(); }, LOOK_EVERY),
        setInterval(() => { if (session.trouble) session.fill(); }, RETRY_EVERY),
      ];
      draw();
      await session.open(query);
    },
    leave() {
      for (const one of timers) clearInterval(one);
      session.close();
      shown = null;
    },
    press(action) {
      if (session.current) return press(root, session.current, action, on);
      if (action.action === "undo") { on.undo(); return true; }
      return false;
    },
  };
}

/** Somebody else was faster: theirs stands, or ours is put over it. */
export function conflictDialog(conflict, { keys, settle }) {
  const { item, choice, error } = conflict;
  const theirs = error.body.review;
  const mine = choice.cannotTell ? "Cannot tell" : titleOf(item.process, choice.decision);
  const decided = theirs && theirs.state === "decided";
  const key = (action) => (keys.on ? h("kbd", { "aria-hidden": "true" }, action) : null);
  const box = h("dialog.conflict", { "aria-labelledby": "conflict-title", oncancel: (event) => event.preventDefault() },
    h("h2", { id: "conflict-title", tabindex: "-1", autofocus: true }, decided ? "Somebody decided it before you" : "It was changed before you decided"),
    h("p", null, own(nameOf(item)), ": ",
      decided
        ? [h("strong", null, own(theirs.by ?? "somebody")), " said ", h("strong", null, own(reviewed(item.process, theirs))), " ", h("span.meta", null, time(theirs.at)), "."]
        : own(error.message)),
    theirs?.note ? h("blockquote", { dir: "auto" }, own(theirs.note)) : null,
    h("p", null, "You said ", h("strong", null, own(mine)), "."),
    item.note ? h("p.meta", null, "Your note is kept: ", own(item.note)) : null,
    item.text ? h("details", null, h("summary", null, "The text"), h("p.quoted", { dir: "auto" }, item.text)) : null,
    h("p.row", null,
      h("button.primary", { type: "button", "aria-keyshortcuts": keys.on ? "K" : null, onclick: pressed(() => settle(false)) },
        decided ? "Keep theirs, go on" : "Go on", key("K")),
      h("button", { type: "button", "aria-keyshortcuts": keys.on ? "O" : null, onclick: pressed(() => settle(true)) }, "Overrule", key("O"))));
  box.answer = settle;
  return box;
}
