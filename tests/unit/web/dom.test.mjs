import assert from "node:assert/strict";
import { test } from "node:test";
import { visible } from "../../../web/dom.js";

test("marks that change the order of a text are shown as codes", () => {
  assert.equal(visible("Hb ratio \u200f14 : 9\u200f today"), "Hb ratio [U+200F]14 : 9[U+200F] today");
  for (const mark of ["\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"]) {
    const code = mark.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    assert.equal(visible(`a${mark}b`), `a[U+${code}]b`);
  }
});

test("what separates lines or pages breaks the line", () => {
  for (const mark of ["\v", "\f", "\u0085", "\u2028", "\u2029"]) assert.equal(visible(`no${mark}bleeding`), "no\nbleeding");
});

test("letters of every script stay as they are, and what joins them", () => {
  const text = "שלום 14 : 9, مرحبا, e\u0301, 👩\u200d⚕️, می\u200cخواهم, a\u00a0b, line\nbreak\ttab";
  assert.equal(visible(text), text);
});
