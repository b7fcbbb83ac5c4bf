// One record outside the queue: any record by its link, with its history.

import { get, part } from "./api.js";
import { appeared } from "./keys.js";
import { announce, fill, h, icon, own } from "./dom.js";
import { decisionDock, press } from "./decide.js";
import { reviewed, short, time, titleOf } from "./format.js";
import { historyList, lighter, machinePanel, recordSheet } from "./record.js";
import { saveDraft } from "./review.js";
import { decisionOf, draftOf, keyOf, noteOf } from "./session.js";
import { problem } from "./uploads.js";

/** A record with its decision, for a page of its own. Decisions go through the outbox like all others. */
export function recordCase({ session, outbox, user, keys, may, after }) {
  const root = h("div.single");
  const state = h("div.standing");
  let item = null;
  let drawn = "";

  const on = {
    decide(choice, sent = item) {
      if (!sent || !may.decide) return;
      appeared();
      sent.pending = choice;
      outbox.add(decisionOf(sent, choice, null, () => {
        sent.pending = null;
        announce("Saved.");
        if (sent === item) after?.();
        draw();
      }, (error) => {
        sent.pending = null;
        const settle = (overrule) => {
          sent.version = error.body.version ?? sent.version;
          sent.review = error.body.review ?? sent.review;
          if (overrule) on.decide(choice, sent);
          draw();
        };
        session.refuse({ item: sent, choice, error, settle });
        draw();
      }));
      draw();
    },
  };

  function draw() {
    if (!item) return;
    const { review } = item;
    const decided = item.pending
      ? h("p.decided", { role: "status" }, "Being saved: ", h("strong", null, own(item.pending.cannotTell ? "Cannot tell" : titleOf(item.process, item.pending.decision))))
      : review && review.state === "decided"
        ? h("p.decided", null, icon("check"), h("span", null, h("strong", null, own(reviewed(item.process, review))), " by ", own(review.by ?? ""), ", ", time(review.at),
          review.changed ? " (not what the machine said)" : ""))
        : null;
    const someone = item.lease && !review?.decision ? h("p.notice", null, "Open with ", own(item.lease.by), " at the moment.") : null;
    const erased = review?.state === "erased";
    const decides = may.decide && item.decision !== undefined && !erased && item.version !== undefined;
    fill(state, decided, someone);
    // Only what stands is drawn anew: somebody may be writing a note, and goes on in the same field.
    if (drawn === (drawn = `${keyOf(item)} ${decides} ${keys.on}`) && root.contains(state)) return;
    fill(root, h("div.case", null,
      recordSheet(item),
      h("div.side", null,
        machinePanel(item, { lit: (button, number) => lighter(root)(button, number) }),
        state,
        decides ? decisionDock(item, { on, keys: keys.on, saveDraft }) : null)));
  }

  return {
    root,
    show(given) {
      item = given;
      if (item) item.note ??= noteOf(item, user);
      drawn = "";
      if (!item) fill(root);
      else {
        appeared();
        draw();
      }
    },
    draw,
    get item() { return item; },
    press: (action) => (item && may.decide ? press(root, item, action, on) : false),
    leave() { if (item?.unsaved) outbox.add(draftOf(item)); },
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
    const asked = where;
    if (!asked) return;
    try {
      const answer = await get(`/v1/uploads/${part(asked.upload)}/records/${part(asked.record)}/history`);
      if (asked === where) fill(past, h("h2", { id: "past-title" }, "History"), historyList(body.item?.process, answer.items));
    } catch {
      if (asked === where) fill(past);
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
      // Keys decide what is on the screen, and nothing that was.
      body.show(null);
      fill(body.root, h("div.skeleton", null, h("div", null), h("div", null), h("div", null)));
      try {
        const found = await get(`/v1/uploads/${part(given.upload)}/records/${part(given.record)}`);
        if (where !== given) return;
        body.show(found);
        announce("The record is shown.");
      } catch (error) {
        if (where !== given) return;
        fill(body.root);
        fill(trouble, h("h1", { tabindex: "-1" }, error.status === 410 ? "Erased" : error.status === 404 ? "No such record" : "The record cannot be shown"), problem(error));
        return;
      }
      await history();
    },
    leave() {
      where = null;
      body.leave();
    },
    press: (action) => body.press(action),
  };
}
