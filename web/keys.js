// Which key does what, and when it counts. By the key's place (event.code), so that every layout has the same keys;
// "/" and "?" also by what they type.

const LETTERS = {
  approve: ["KeyA", "Enter", "NumpadEnter"],
  unsure: ["KeyU", "Digit0", "Numpad0"],
  skip: ["KeyS"],
  undo: ["KeyZ"],
  note: ["KeyN"],
  page: ["KeyP"],
  search: ["KeyF"],
  help: ["KeyH"],
  keep: ["KeyK"],
  overrule: ["KeyO"],
};
const TYPED = { "/": "search", "?": "help" };
const FIELDS = new Set(["INPUT", "TEXTAREA", "SELECT"]);

/** Whether keys type into an element. */
export function inField(element) {
  return Boolean(element && (FIELDS.has(element.tagName) || element.isContentEditable));
}

/** The action of a key press: {action} or {action: "pick", index}, or null. */
export function actionOf(event, focus = null) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return null;
  // A key that is held down decides once, not every record of the queue.
  if (event.repeat) return null;
  if (inField(focus)) return null;
  if (TYPED[event.key]) return { action: TYPED[event.key] };
  if (event.shiftKey) return null;
  // Enter on a button or a link is that button's.
  if (event.code.endsWith("Enter") && focus && /^(?:BUTTON|A|SUMMARY)$/.test(focus.tagName)) return null;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit) return { action: "pick", index: Number(digit[1]) - 1 };
  for (const [action, codes] of Object.entries(LETTERS)) {
    if (codes.includes(event.code)) return { action };
  }
  return null;
}

let layout = null;

/** Learns what the keys have printed on them, where the browser can say. */
export async function learnLayout(keyboard = globalThis.navigator?.keyboard) {
  try {
    layout = (await keyboard?.getLayoutMap?.()) ?? null;
  } catch {
    layout = null;
  }
}

/** What is printed on the key of an action: on a French keyboard "Q" for the key right of Caps Lock. */
export function printed(action, index = 0) {
  if (action === "pick") return String(index + 1);
  if (action === "unsure") return "0";
  if (action === "help") return "?";
  if (action === "search") return "/";
  const code = LETTERS[action][0];
  const typed = layout?.get?.(code);
  return typed && /^[a-z]$/i.test(typed) ? typed.toUpperCase() : code.slice(3);
}

// -- when it counts: once what it decides was to be seen, and never in the middle of typing ---------

/** No record is read in less. A double click and a bouncing key are over by then. */
const SEEN = 400;
/** Who types waits no longer between two letters. */
const PAUSE = 1000;

let latest = 0;
let strict = false;
let typed = -PAUSE;

/**
 * Something else is on the screen: nothing decides it before it was there for a moment. Where
 * somebody may be typing meanwhile (`pausing`), not before a moment without a key.
 */
export function appeared(pausing = false) {
  strict = pausing;
  latest += 1;
  const mine = latest;
  const { classList } = document.body;
  classList.add("fresh");
  // From the frame that shows it, which a hidden page or a long text has later.
  requestAnimationFrame(() => setTimeout(() => { if (mine === latest) classList.remove("fresh"); }, pausing ? PAUSE : SEEN));
}

export function seen() {
  return !document.body.classList.contains("fresh");
}

/** Does what a button is for, but for a second click that was meant for what it stood on before. */
export function pressed(run) {
  return (event) => { if (event.detail < 2 && seen()) run(); };
}

/** Whether a key goes on with what was typed into a field, although the field has lost the focus. */
export function typing() {
  return performance.now() - typed < PAUSE;
}

/** Takes the focus to where somebody reads on, but not out of a field: they may be typing. */
export function lead(element) {
  if (!inField(document.activeElement)) element?.focus({ preventScroll: true });
}

const leaves = ({ key, target, ctrlKey, metaKey }) => key === "Escape" || key === "Tab"
  || (key === "Enter" && inField(target) && (target.tagName !== "TEXTAREA" || ctrlKey || metaKey));

globalThis.addEventListener?.("keydown", (event) => {
  if (leaves(event)) typed = -PAUSE;
  else if (inField(event.target) || typing()) typed = performance.now();
  if (strict && !seen()) appeared(true);
}, true);
globalThis.addEventListener?.("pointerdown", () => { typed = -PAUSE; }, true);
// What a dialog stood before is to be seen again.
globalThis.addEventListener?.("close", () => appeared(), true);
