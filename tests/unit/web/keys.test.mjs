import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, learnLayout, printed } from "../../../web/keys.js";

const press = (code, more = {}) => ({ code, key: "", ...more });

test("a key is known by its place: the same on every layout", () => {
  // On a French keyboard the key types "q", on a Russian one "ф".
  assert.deepEqual(actionOf(press("KeyA", { key: "q" })), { action: "approve" });
  assert.deepEqual(actionOf(press("KeyA", { key: "ф" })), { action: "approve" });
  // There a digit is typed with Shift; the place is what counts.
  assert.deepEqual(actionOf(press("Digit2", { key: "é" })), { action: "pick", index: 1 });
  assert.deepEqual(actionOf(press("Numpad9", { key: "9" })), { action: "pick", index: 8 });
});

test("zero and U cannot tell", () => {
  for (const code of ["Digit0", "Numpad0", "KeyU"]) {
    assert.deepEqual(actionOf(press(code)), { action: "unsure" });
  }
});

test("what is typed with Shift counts by the character", () => {
  assert.deepEqual(actionOf(press("Slash", { key: "?", shiftKey: true })), { action: "help" });
  assert.deepEqual(actionOf(press("Digit7", { key: "/", shiftKey: true })), { action: "search" });
  assert.equal(actionOf(press("KeyA", { key: "A", shiftKey: true })), null);
});

test("a key that is held down decides once", () => {
  assert.equal(actionOf(press("KeyA", { repeat: true })), null);
});

test("shortcuts of the browser and of input methods are left alone", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey", "isComposing"]) {
    assert.equal(actionOf(press("KeyA", { [held]: true })), null);
  }
});

test("in a field a key types", () => {
  for (const tagName of ["INPUT", "TEXTAREA", "SELECT"]) {
    assert.equal(actionOf(press("KeyA"), { tagName }), null);
  }
  assert.equal(actionOf(press("Digit1"), { tagName: "P", isContentEditable: true }), null);
});

test("Enter on a button or a link is that button's, elsewhere it approves", () => {
  assert.equal(actionOf(press("Enter"), { tagName: "BUTTON" }), null);
  assert.equal(actionOf(press("Enter"), { tagName: "A" }), null);
  assert.deepEqual(actionOf(press("Enter"), { tagName: "BODY" }), { action: "approve" });
  assert.deepEqual(actionOf(press("KeyA"), { tagName: "BUTTON" }), { action: "approve" });
});

test("the buttons show what is printed on the key", async () => {
  assert.equal(printed("approve"), "A");
  await learnLayout({ getLayoutMap: async () => new Map([["KeyA", "q"], ["KeyZ", "я"]]) });
  assert.equal(printed("approve"), "Q");
  assert.equal(printed("undo"), "Z");
  assert.equal(printed("pick", 3), "4");
  await learnLayout({ getLayoutMap: async () => { throw new Error("not allowed"); } });
  assert.equal(printed("approve"), "A");
});
