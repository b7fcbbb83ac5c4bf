// The frame: who is here, which view, the keys, what is still to be saved, and the way out.

import { farewell, get, post, whenSignedOut, whoHas } from "./api.js";
import { comeBack, config, forget, goodbye, signedIn, signIn, signInElsewhere } from "./auth.js";
import { $, announce, fill, h, own } from "./dom.js";
import { count, short } from "./format.js";
import { actionOf, appeared, inField, lead, learnLayout, printed, seen, typing } from "./keys.js";
import { createOutbox } from "./outbox.js";
import { conflictDialog, reviewView } from "./review.js";
import { createSession } from "./session.js";
import { recordView } from "./single.js";
import { uploadsView, uploadView } from "./uploads.js";

const IDLE = 15 * 60_000;
const WARNING = 60_000;

const keys = { on: true };
let view = null;
let here = null;
let me = null;
let context = null;
let over = false;
let dialog = null;
/** Whether the sign-in has ended with something unsettled. */
let ended = false;

const outbox = createOutbox({
  send: (entry) => post(entry.path, entry.body(), { key: entry.key }),
  onChange: () => { saving(); },
});
const session = createSession({ post, outbox, user: () => me.user, onChange: () => { view?.draw?.(); trouble(); } });

// -- where we are ------------------------------------------------------------------------------

function parse(hash) {
  const [path, search] = hash.replace(/^#\/?/, "").split("?");
  const query = Object.fromEntries(new URLSearchParams(search ?? ""));
  let parts;
  try {
    parts = path.split("/").map(decodeURIComponent);
  } catch {
    parts = ["review"];
  }
  const [name, first, second] = parts;
  if (name === "uploads" && first && second) return { name: "record", upload: first, record: second, query };
  if (name === "uploads" && first) return { name: "upload", upload: first, query };
  if (name === "try") return { name, prediction: first, query };
  if (name === "uploads" || name === "search") return { name, query };
  if (name === "models") return { name: first ? "model" : name, process: first, version: second, query };
  return { name: "review", query };
}

function navigate(path, query) {
  const given = Object.entries({ ...query, ...(keys.on ? {} : { keys: "off" }) }).filter(([, value]) => value);
  location.hash = `#/${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

const views = {};
const PARENTS = { upload: "uploads", record: "uploads", model: "models" };

/** The view of a name. What few people open is loaded when it is opened. */
async function viewOf(name) {
  if (views[name]) return views[name];
  try {
    if (name === "search") views.search ??= (await import("./search.js")).searchView(context);
    else if (name === "try") views.try ??= (await import("./try.js")).tryView(context);
    else {
      const { modelsView, modelView } = await import("./models.js");
      views.models ??= modelsView(context);
      views.model ??= modelView(context);
    }
    return views[name];
  } catch {
    return { root: h("div.state", null, h("h1", { tabindex: "-1" }, "No network"), h("p", null, "A part of the page could not be loaded."), again()), title: "No network", enter() {} };
  }
}

async function route() {
  if (over || !me) return;
  const { hash } = location;
  const to = parse(hash);
  $("main").setAttribute("aria-busy", "true");
  if (to.query.keys === "off") switchKeys(false);
  if (!may(to.name)) to.name = "uploads";
  const next = await viewOf(to.name);
  // Somebody went on meanwhile, or out.
  if (over || hash !== location.hash) return;
  view?.leave?.(next);
  view = next;
  for (const link of document.querySelectorAll("nav a")) {
    const current = link.dataset.view === (PARENTS[to.name] ?? to.name);
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${next.title} · Winnow`;
  fill($("main"), next.root);
  const first = here === null;
  here = to;
  const entered = next.enter({ ...to.query, ...to });
  if (!first) lead(next.root.querySelector("h1"));
  try {
    await entered;
  } finally {
    if (here === to) $("main").removeAttribute("aria-busy");
  }
  // A heading that came with the data: from here the reader goes on.
  if (view === next && !first && document.activeElement === document.body) next.root.querySelector("h1")?.focus({ preventScroll: true });
}

function may(name) {
  const groups = new Set(me.groups);
  const decides = groups.has("reviewer") || groups.has("admin");
  return name === "review" ? decides : true;
}

// -- what is not settled: unsent, refused, or typed ------------------------------------------------

const unsettled = () => outbox.size + session.refused.length;
/** Whether somebody writes, or has written what may be nowhere else. */
const written = () => inField(document.activeElement) || [...document.querySelectorAll("textarea")].some((one) => one.value);

function saving() {
  const waits = outbox.size;
  if (over && !waits) leaveNow();
  const { offline } = outbox.trouble ?? {};
  const why = ended ? "The sign-in has ended" : offline ? "No network" : outbox.trouble ? "The server has trouble" : null;
  const what = outbox.entries.some((one) => one.path === "/v1/drafts") ? "change" : "decision";
  const wait = waits ? `${count(waits, what)} ${waits === 1 ? "waits" : "wait"}` : "nothing here is lost";
  const { length } = session.refused;
  const text = ended ? `${why}: ${wait}. `
    : why ? `${why}: ${wait}, keep this page open.`
    : waits ? `${waits} being saved`
    : length ? `${length} not saved` : over ? "" : "All saved";
  if (text === said) return;
  said = text;
  const line = $("saving");
  line.classList.toggle("waits", Boolean(why));
  fill(line, text, ended ? h("button", { type: "button", onclick: signInAgain }, "Sign in again") : null);
  if (Boolean(why) !== told) {
    told = Boolean(why);
    announce(told ? line.textContent : "The connection is back.", told);
  }
}
let said = null;
let told = false;

/** Signs in beside the page. What waits is of who was here: nobody else sends it. */
async function signInAgain() {
  const same = async (token) => {
    const user = await whoHas(token);
    if (user === me.user) return true;
    signOut([own(user), " has signed in. What waits is of ", own(me.user), ", who alone can send it. ",
      goodbye() ? h("a", { href: goodbye(), target: "_blank", rel: "noopener" }, "Sign the other out") : null]);
    return false;
  };
  if (!(await signInElsewhere(same))) return;
  ended = false;
  outbox.wake();
  if (session.trouble) session.fill();
  saving();
}

/** What needs a person: a decision that was refused, or a conflict. */
function trouble() {
  saving();
  // When its person is signed out, it is told by its id alone to whoever stands before the page.
  fill($("failures"), (over ? session.refused : session.failures).map((one) => h("div.problem", null,
    h("p", null, h("strong", null, one.choice.undone ? "Not taken back: " : "Not saved: "),
      over ? `record ${one.item.record} of upload ${short(one.item.upload)}. Sign in again to look.` : own(one.error.message)),
    over ? null : [
      one.error.hint ? h("p", null, own(one.error.hint)) : null,
      one.item.note ? h("p.meta", null, "Your note: ", own(one.item.note)) : null],
    h("p.row", null,
      over ? null : toRecord(one.item),
      h("button.quiet", { type: "button", onclick: () => session.dismiss(one) }, "Dismiss")))));
  ask();
}

/** A link to a record, which shows it anew where it is on the screen. */
function toRecord({ upload, record }) {
  const href = `#/uploads/${encodeURIComponent(upload)}/${record}`;
  return h("a", { href, onclick: () => { if (location.hash === href) route(); } }, "The record");
}

/** Asks what to do about a conflict: not in the middle of a note, but when the field is left. */
function ask() {
  const { conflict } = session;
  if (dialog || over || !conflict || inField(document.activeElement)) return;
  const box = conflictDialog(conflict, {
    keys,
    settle(overrule) {
      dialog = null;
      box.close();
      session.settle(overrule);
      announce(overrule ? "Overruled." : "Theirs stands.");
      if (document.activeElement === document.body) lead($("record-name"));
    },
  });
  // A browser closes it after some Esc, whatever the page says: it stays until it is answered.
  box.addEventListener("close", () => (dialog === box ? open() : box.remove()));
  const open = () => {
    box.showModal();
    appeared(true);
  };
  dialog = box;
  document.body.append(box);
  open();
  announce("Somebody else decided this record.", true);
}

// -- keys ----------------------------------------------------------------------------------------

document.addEventListener("focusout", () => setTimeout(ask));

function switchKeys(on) {
  keys.on = on;
  const button = $("keys");
  button.setAttribute("aria-pressed", String(on));
  fill(button, on ? "Keys on" : "Keys off");
  view?.draw?.();
}

document.addEventListener("keydown", (event) => {
  if (!keys.on || over) return;
  const action = actionOf(event, document.activeElement);
  if (!action || typing()) return;
  ask(); // before a key that follows Esc at once
  if (dialog) {
    if (!seen()) return;
    if (action.action === "keep" || action.action === "overrule") {
      event.preventDefault();
      dialog.answer(action.action === "overrule");
    }
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (action.action === "help") {
    event.preventDefault();
    help();
  } else if (view?.press?.(action)) {
    event.preventDefault();
  }
});

function help() {
  const rows = [
    [[printed("approve"), "Enter"], "Approve what the machine says"],
    [["1", "…", "9"], "Decide: the choice with this number"],
    [[printed("unsure"), printed("unsure") === "0" ? "U" : ""], "Cannot tell"],
    [[printed("skip")], "Skip: somebody else gets the record"],
    [[printed("undo")], "Take the last decision back"],
    [[printed("note")], "Write a note (Esc leaves it)"],
    [[printed("search"), "F"], "Find a label, where there are more than nine"],
    [[printed("page")], "Picture of the page, or text"],
    [[printed("help"), "H"], "This list"],
  ];
  const box = h("dialog.help", { "aria-labelledby": "help-title", onclose: () => box.remove() },
    h("h2", { id: "help-title" }, "Keys"),
    h("dl", null, rows.map(([pressed, what]) => h("div", null, h("dt", null, pressed.filter(Boolean).map((one) => h("kbd", null, one))), h("dd", null, what)))),
    h("p.meta", null, "Keys go by their place on the keyboard. They can be switched off above; all of it works with Tab and Enter, mouse and touch."),
    h("p.row", null, h("button.primary", { type: "button", onclick: () => box.close() }, "Close")));
  document.body.append(box);
  box.showModal();
}

// -- the way out ---------------------------------------------------------------------------------

function clearScreen() {
  fill($("main")).removeAttribute("aria-busy");
  fill($("failures"));
  fill($("bells"));
  fill($("who"));
  for (const one of document.querySelectorAll("dialog")) one.remove();
  dialog = null;
  $("news").textContent = "";
  $("alerts").textContent = "";
}

/** Clears the page. What is unsent is still sent, then the token is forgotten, too. */
function signOut(why) {
  if (over) return;
  view?.leave?.();
  view = null;
  over = true;
  clearScreen();
  document.title = "Signed out · Winnow";
  fill($("main"), h("div.state", null, h("h1", { tabindex: "-1" }, "Signed out"), h("p", null, why),
    outbox.size ? h("p", { id: "unsent" }, "What you decided is still being saved. Keep this page open until it is.") : null,
    h("button.primary", { type: "button", onclick: () => (outbox.size ? signInAgain() : goHome()) }, "Sign in again")));
  $("main").querySelector("h1").focus();
  announce("Signed out.", true);
  trouble();
}

/** All is sent: the token is forgotten. What was refused is on the screen until somebody has seen it. */
function leaveNow() {
  forget();
  ended = false;
  $("unsent")?.remove();
  if (session.refused.length) return;
  const address = goodbye();
  if (address) location.replace(address);
}

function goHome() {
  for (const one of session.refused) session.dismiss(one);
  location.assign(goodbye() ?? "/");
}

let active = Date.now();
let warned = null;

function idle() {
  if (over || !me) return;
  const since = Date.now() - active;
  if (since >= IDLE) {
    signOut("Nothing was done here for 15 minutes.");
  } else if (since >= IDLE - WARNING) {
    const left = Math.ceil((IDLE - since) / 1000);
    if (!warned) {
      warned = h("dialog.warning", { "aria-labelledby": "idle-title", onclose: () => { warned?.remove(); warned = null; active = Date.now(); } },
        h("h2", { id: "idle-title" }, "Are you still there?"),
        h("p", null, "You will be signed out in ", h("strong", null, ""), " seconds."),
        h("p.row", null, h("button.primary", { type: "button", onclick: () => warned.close() }, "Stay signed in")));
      document.body.append(warned);
      warned.showModal();
      announce("You will be signed out in one minute.", true);
    }
    warned.querySelector("strong").textContent = String(left);
  }
}

for (const name of ["pointerdown", "keydown", "wheel", "touchstart"]) {
  addEventListener(name, () => { if (!warned) active = Date.now(); }, { passive: true, capture: true });
}
setInterval(idle, 1000);

addEventListener("beforeunload", (event) => {
  if (unsettled() || (ended && written())) event.preventDefault();
});

addEventListener("pagehide", () => {
  if (signedIn()) {
    view?.leave?.();
    // The network may take them although nobody waits: the keys make sure that none counts twice.
    for (const one of outbox.entries) farewell(one.path, one.body(), one.key);
  }
  clearScreen();
  forget();
});

addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
addEventListener("online", () => { outbox.wake(); if (session.trouble) session.fill(); });
addEventListener("hashchange", route);
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());

// -- the beginning -------------------------------------------------------------------------------

const again = () => h("button.primary", { type: "button", onclick: () => location.reload() }, "Try again");

function stop(title, text, again = true) {
  fill($("main"), h("div.state", null, h("h1", { tabindex: "-1" }, title), h("p", null, own(text)),
    again ? h("button.primary", { type: "button", onclick: () => signIn() }, "Sign in") : null));
}

async function begin() {
  let back;
  try {
    back = await comeBack();
  } catch {
    back = { failed: "The sign-in server cannot be reached." };
  }
  if (back?.elsewhere) {
    stop("Signed in", "You can close this tab and go on in the other one.", false);
    return;
  }
  if (back?.failed) {
    stop("Not signed in", back.failed);
    return;
  }
  if (back?.route) history.replaceState(null, "", back.route);
  if (config.authorize && !signedIn()) {
    await signIn();
    return;
  }
  learnLayout();
  // With nothing unsettled the sign-in is renewed by going there and back; else the person is asked.
  whenSignedOut(() => {
    if (!me || !(unsettled() || written() || over)) return signIn();
    ended = !over || outbox.size > 0;
    return saving();
  });
  let processes;
  try {
    let list;
    [me, list] = await Promise.all([get("/v1/me"), get("/v1/processes")]);
    processes = list.items;
  } catch (error) {
    const title = error.offline ? "No network" : error.status === 403 ? "You may not see records yet" : "Winnow cannot be reached";
    fill($("main"), h("div.state", null, h("h1", { tabindex: "-1" }, title),
      h("p", null, own(error.message)), error.hint ? h("p", null, own(error.hint)) : null,
      again()));
    return;
  }
  const groups = new Set(me.groups);
  const decide = groups.has("reviewer") || groups.has("admin");
  const allowed = { decide, upload: decide, release: groups.has("admin") };
  context = { session, outbox, processes, keys, navigate, may: allowed, groups: me.groups, user: me.user };
  Object.assign(views, {
    review: reviewView(context),
    uploads: uploadsView(context),
    upload: uploadView(context),
    record: recordView(context),
  });
  fill($("who"), h("span", null, own(me.user)), h("button.quiet", { type: "button", onclick: () => signOut("You have signed out.") }, "Sign out"));
  for (const link of document.querySelectorAll("nav a")) link.hidden = !may(link.dataset.view);
  $("keys").addEventListener("click", () => switchKeys(!keys.on));
  $("keys-help").addEventListener("click", help);
  document.body.classList.add("ready");
  saving();
  switchKeys(keys.on);
  await route();
  // Without a network nothing rings; the page tells so where somebody waits for it.
  import("./bells.js").then(({ watch }) => watch(() => over), () => {});
}

begin();
