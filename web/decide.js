// The buttons and keys with which a person decides, the same in every view.

import { announce, h, icon, own } from "./dom.js";
import { pressed, printed, seen } from "./keys.js";
import { titleOf } from "./format.js";

const KEYED = 9;
const DRAFT_AFTER = 600;

/** The decisions that a person may give, in the order of their keys. */
export function choicesOf(item) {
  const all = item.process?.decisions ?? [];
  const scores = item.decision?.kind === "labels" ? item.decision.scores ?? [] : [];
  if (all.length <= KEYED || !scores.length) return all;
  // More labels than keys: the likeliest have one.
  const likely = scores.slice(0, KEYED).map((one) => all.find((each) => each.id === one.label)).filter(Boolean);
  return [...likely, ...all.filter((one) => !likely.includes(one))];
}

/** The decision that can be approved, or null. */
export function approvable(item) {
  const value = item.hidden ? null : item.decision?.value;
  return item.process?.decisions?.some((one) => one.id === value) ? value : null;
}

/**
 * The dock below a record. `on` has the functions: decide(choice), and where they apply skip() and
 * undo(). `keys` says whether keys are on, and are shown.
 */
export function decisionDock(item, { on, keys, saveDraft, footer = null }) {
  const approve = approvable(item);
  const choices = choicesOf(item);
  const many = choices.length > KEYED;
  const key = (action, index) => (keys ? h("kbd", { "aria-hidden": "true" }, printed(action, index)) : null);
  const shortcut = (action, index) => (keys ? printed(action, index) : null);
  const button = (name, action, run, ...children) => h(`button.${name}`, {
    type: "button", "aria-keyshortcuts": shortcut(action), "data-action": action, onclick: run && pressed(run),
  }, children, key(action));

  const picks = choices.map((one, index) => h("button.pick", {
    type: "button",
    class: one.id === approve ? "same" : "",
    "data-pick": one.id,
    "aria-keyshortcuts": index < KEYED ? shortcut("pick", index) : null,
    onclick: pressed(() => on.decide({ decision: one.id })),
  }, h("span", null, own(one.title ?? one.id)), index < KEYED ? key("pick", index) : null));

  const list = h("div.picks", { class: many ? "many" : "", role: "group", "aria-label": approve ? "Or decide otherwise" : "Decide" }, picks);
  const search = many ? finder(choices, picks, on, key("search")) : null;

  return h("section.dock", { "aria-label": "Your decision" },
    approve
      ? button("primary", "approve", () => on.decide({ decision: approve }),
        icon("check"), h("span", null, "Approve ", h("strong", null, own(titleOf(item.process, approve)))))
      : item.hidden || !item.decision ? null
        : h("p.hint", null, "The machine could not decide."),
    search, list,
    h("div.others", null,
      button("quiet", "unsure", () => on.decide({ cannotTell: true }), h("span", null, "Cannot tell")),
      on.skip ? button("quiet", "skip", on.skip, h("span", null, "Skip")) : null,
      on.undo ? button("quiet", "undo", on.undo, icon("undo"), h("span", null, "Undo")) : null),
    noteField(item, saveDraft, key("note")),
    footer);
}

function finder(choices, picks, on, key) {
  const count = h("span.unseen", { role: "status" });
  const matching = (typed) => choices
    .map((one, index) => ({ index, title: (one.title ?? one.id).toLowerCase() }))
    .filter((one) => one.title.includes(typed))
    .sort((a, b) => Number(b.title.startsWith(typed)) - Number(a.title.startsWith(typed)));
  const input = h("input", {
    type: "search", autocomplete: "off", spellcheck: "false", "data-search": "", placeholder: `Find one of ${choices.length}`,
    "aria-label": `Find one of ${choices.length} labels; Enter takes the first`,
    oninput: () => {
      const found = matching(input.value.trim().toLowerCase());
      const shown = new Set(found.map((one) => one.index));
      picks.forEach((one, index) => {
        one.hidden = !shown.has(index);
        one.classList.toggle("first", Boolean(input.value) && index === found[0]?.index);
      });
      count.textContent = found.length ? `${found.length} found, the first is ${choices[found[0].index].title}` : "None found";
    },
    onkeydown: (event) => {
      // This Enter is no Enter for the record that comes next.
      event.stopPropagation();
      if (event.key === "Enter" && !event.isComposing) {
        const found = matching(input.value.trim().toLowerCase());
        if (input.value.trim() && found.length && seen()) on.decide({ decision: choices[found[0].index].id });
        event.preventDefault();
      } else if (event.key === "Escape") {
        input.value = "";
        input.dispatchEvent(new Event("input"));
        input.blur();
      } else if (event.key === "ArrowDown") {
        picks.find((one) => !one.hidden)?.focus();
        event.preventDefault();
      }
    },
  });
  return h("div.finder", null, input, key, count);
}

function noteField(item, saveDraft, key) {
  let timer = null;
  const state = h("span.saved", null);
  const area = h("textarea", {
    rows: 1, maxlength: 4000, "data-note": "", dir: "auto", "aria-label": "Note",
    placeholder: "Note (kept with the decision)",
    oninput: () => {
      item.note = area.value;
      item.unsaved = true;
      state.textContent = "";
      clearTimeout(timer);
      if (saveDraft) timer = setTimeout(save, DRAFT_AFTER);
    },
    onkeydown: (event) => {
      if (event.key === "Escape") area.blur();
    },
  });
  area.value = item.note ?? "";
  async function save() {
    timer = null;
    try {
      await saveDraft(item);
      state.textContent = item.unsaved ? "" : "Note saved";
    } catch (error) {
      // The note itself is still here, and goes with the decision.
      state.textContent = error.offline ? "Note kept on this page" : "Note not saved yet";
      timer = setTimeout(save, 5000);
    }
  }
  return h("div.note-field", null, area, key, state);
}

const DECIDES = new Set(["pick", "approve", "unsure", "skip"]);

/** Does what a key asks for; false where nothing on the screen answers to it. */
export function press(root, item, action, on) {
  if (DECIDES.has(action.action) && !seen()) return true;
  if (action.action === "pick") {
    const choice = choicesOf(item)[action.index];
    if (!choice) return false;
    on.decide({ decision: choice.id });
    return true;
  }
  const approve = approvable(item);
  switch (action.action) {
    case "approve":
      if (!approve) {
        announce("There is nothing to approve: choose a decision.");
        return false;
      }
      on.decide({ decision: approve });
      return true;
    case "unsure": on.decide({ cannotTell: true }); return true;
    case "skip": if (!on.skip) return false; on.skip(); return true;
    case "undo": if (!on.undo) return false; on.undo(); return true;
    case "note": root.querySelector("[data-note]")?.focus(); return true;
    case "search": {
      const input = root.querySelector("[data-search]");
      input?.focus();
      return Boolean(input);
    }
    case "page": {
      const views = root.querySelector("[data-views]");
      views?.dispatchEvent(new Event("other-view"));
      return Boolean(views);
    }
    default: return false;
  }
}
