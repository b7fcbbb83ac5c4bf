import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, pieces, spansOf, units } from "../../../web/marks.js";

const span = (start, end) => ({ start, end });

test("offsets are code points: a character outside the basic plane counts once", () => {
  const text = "😀 ab 👩‍⚕️ cd";
  const at = units(text, [2, 4]);
  assert.equal(text.slice(at.get(2), at.get(4)), "ab");
});

test("an offset beyond the text is its end", () => {
  assert.equal(units("ab", [9]).get(9), 2);
});

test("the pieces add up to the text, whatever the spans", () => {
  const text = "a😀b\n\u0301c𝒳d";
  const length = [...text].length;
  for (let i = 0; i <= length; i += 1) {
    for (let j = 0; j <= length + 1; j += 1) {
      const found = pieces(text, [span(i, j), span(j, i), span(1, 4)]);
      assert.equal(found.map((one) => one.text).join(""), text);
    }
  }
});

test("overlapping spans: each piece knows all that cover it, and which begin there", () => {
  const found = pieces("0123456789", [span(0, 6), span(4, 8), span(4, 6)]);
  assert.deepEqual(found.map((one) => [one.text, one.spans, one.first]), [
    ["0123", [0], [0]],
    ["45", [0, 1, 2], [1, 2]],
    ["67", [1], []],
    ["89", [], []],
  ]);
});

test("a piece is the code points that Python would slice", () => {
  const text = "Hb 7.9 🩸 and 👍🏽 black stools.";
  const [start, end] = [[...text].indexOf("b", 12), [...text].length - 1];
  const marked = pieces(text, [span(start, end)]).find((one) => one.spans.length);
  assert.equal(marked.text, [...text].slice(start, end).join(""));
});

test("empty and inverted spans mark nothing", () => {
  assert.deepEqual(pieces("abc", [span(1, 1), span(2, 1)]), [{ text: "abc", spans: [], first: [] }]);
  assert.deepEqual(pieces("", []), []);
});

test("evidence of criteria has the criterion's number, for or against", () => {
  const decision = {
    kind: "criteria",
    criteria: [
      { title: "One", evidence: [] },
      { title: "Two", evidence: [{ start: 0, end: 1, polarity: "opposes", places: [] }] },
    ],
  };
  const [one] = spansOf(decision);
  assert.deepEqual([one.number, one.title, one.supports], [1, "Two", false]);
  assert.deepEqual(spansOf(null), []);
});

test("each part of a case has its own text and spans, and nothing of what is between them", () => {
  const text = "🩸 anemia\n\u001d\nnormal";
  const parts = [{ name: "a", start: 0, end: 8 }, { name: "b", start: 11, end: 17 }];
  const found = partsOf({ text, parts }, [span(2, 8), span(11, 17)]);
  const marked = (one) => pieces(one.text, one.spans).map((piece) => [piece.text, piece.spans]);
  assert.deepEqual(found.map((one) => [one.name, marked(one)]), [
    ["a", [["🩸 ", []], ["anemia", [0]]]],
    ["b", [["normal", [1]]]],
  ]);
  assert.deepEqual(partsOf({ text: "a", parts: [] }, [span(0, 1)]), [{ text: "a", spans: [span(0, 1)] }]);
});
