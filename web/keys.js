// Which key does what. By the key's place (event.code), so that every layout has the same keys;
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

/** The action of a key press: {action} or {action: "pick", index}, or null. */
export function actionOf(event, focus = null) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return null;
  // A key that is held down decides once, not every record of the queue.
  if (event.repeat) return null;
  if (focus && (FIELDS.has(focus.tagName) || focus.isContentEditable)) return null;
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
