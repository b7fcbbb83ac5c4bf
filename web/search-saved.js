// Saved searches: a menu of those that are open to the user, and a form that saves what is searched
// for now. A name may be text of a record: addresses have a search's id alone.

import { get, part, post, remove } from "./api.js";
import { announce, fill, h, own } from "./dom.js";
import { count, time } from "./format.js";
import { problem } from "./uploads.js";

const WHO = { everybody: "Everybody", reviewer: "All reviewers", auditor: "All auditors", admin: "All administrators" };

/** The menu; `current` tells what is searched for now. */
export function savedSearches({ groups, current }) {
  const list = h("div", { "aria-live": "polite" });
  const failed = h("div");
  const name = h("input", { "aria-label": "Name of the search", required: true, maxlength: "100", autocomplete: "off", placeholder: "Name" });
  const open = Object.entries(WHO).filter(([one]) => one === "everybody" || groups.includes("admin") || groups.includes(one));
  const who = h("select", { "aria-label": "Who else has it" }, h("option", { value: "" }, "Only me"), open.map(([value, title]) => h("option", { value }, title)));
  const button = h("summary.button", null, "Saved searches");
  const root = h("details.saved", { ontoggle: () => { if (root.open) load(); }, onkeydown: close },
    button,
    h("div.panel", null, list,
      h("form.row", { "aria-label": "Save this search", onsubmit: save }, name, who, h("button", { type: "submit" }, "Save this search")),
      failed));

  function close(event) {
    if (event.key !== "Escape") return;
    root.open = false;
    button.focus();
  }

  function row(one) {
    const mine = one.deletable ? h("button.quiet", { type: "button", "aria-label": `Delete ${one.name}`, onclick: () => ask(item, one) }, "Delete") : null;
    const about = [one.shared_with && `${WHO[one.shared_with]}, by ${one.by}`, time(one.at)];
    const item = h("li", null, h("a", { href: `#/search?saved=${part(one.id)}` }, own(one.name)),
      h("span.meta", null, own(about.filter(Boolean).join(" · "))), mine);
    return item;
  }

  function ask(item, one) {
    const keep = h("button", { type: "button", onclick: () => load() }, "Keep it");
    fill(item, h("span", null, "Delete ", own(one.name), " for good?"),
      h("button", { type: "button", onclick: () => act(() => remove(`/v1/searches/${part(one.id)}`), `${one.name} is deleted.`) }, "Delete it"), keep);
    keep.focus();
  }

  async function load() {
    const answer = await get("/v1/searches").catch((error) => ({ error }));
    if (answer.error) {
      fill(list, problem(answer.error));
      return;
    }
    fill(list, answer.items.length ? h("ul", { "aria-label": count(answer.items.length, "saved search", "saved searches") }, answer.items.map(row)) : h("p.meta", null, "No search is saved yet."));
  }

  async function act(run, done) {
    fill(failed);
    try {
      await run();
    } catch (error) {
      fill(failed, problem(error));
      return;
    }
    announce(done);
    button.focus();
    await load();
  }

  function save(event) {
    event.preventDefault();
    const given = { name: name.value, search: current(), shared_with: who.value || null };
    act(async () => {
      await post("/v1/searches", given);
      // What is typed already is the name of another one.
      if (name.value === given.name) name.value = "";
    }, `${given.name} is saved.`);
  }

  return {
    root,
    close() {
      root.open = false;
      name.value = "";
      fill(list);
      fill(failed);
    },
  };
}
