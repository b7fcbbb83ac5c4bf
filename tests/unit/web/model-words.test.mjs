import assert from "node:assert/strict";
import test from "node:test";

import { age, described, historyLine, percent, scaleOf, sharpened, tiny } from "../../../web/model-words.js";

const live = { records: 400, precision: 0.97, lower: 0.951, upper: 0.984 };
const champion = { name: "Champion", sha: "a".repeat(12), live };

test("shares have a decimal only where it says something", () => {
  assert.equal(percent(0.95), "95 %");
  assert.equal(percent(0.951), "95.1 %");
  assert.equal(percent(1), "100 %");
  assert.equal(sharpened(0.95), "95.0 %");
});

test("a version is named by twelve digits", () => {
  assert.equal(tiny("0123456789abcdef".repeat(4)), "0123456789ab");
});

test("ages are rounded down", () => {
  const now = new Date("2026-03-04T12:00:00Z");
  assert.equal(age("2026-03-04T11:59:30Z", now), "just now");
  assert.equal(age("2026-03-04T11:00:00Z", now), "60 minutes ago");
  assert.equal(age("2026-03-03T00:00:00Z", now), "36 hours ago");
  assert.equal(age("2026-03-01T13:00:00Z", now), "2 days ago");
  assert.equal(age("never", now), "");
});

test("the axis holds everything that is shown, and ends at 100 %", () => {
  for (const [lower, guarantee] of [[0.951, 0.95], [0.6, 0.9], [0.999, null], [0, 0.5], [0.8, 0.8], [0.94, 0.99]]) {
    const { from, ticks, at } = scaleOf([{ name: "Champion", live: { ...live, lower } }, { name: "Challenger", live: null }], guarantee);
    assert.ok(from < lower || from === 0, `${from} < ${lower}`);
    assert.ok(guarantee === null || from < guarantee);
    assert.equal(ticks[0], from);
    assert.equal(ticks.at(-1), 1);
    assert.ok(ticks.length >= 2 && ticks.length <= 6, String(ticks));
    assert.equal(at(from), 1);
    assert.equal(at(1), 99);
  }
});

test("the picture is also said in words, with where the guarantee is", () => {
  const challenger = { name: "Challenger", sha: "b", live: { precision: 0.9, lower: 0.86, upper: 0.94 } };
  assert.equal(described([champion, challenger], 0.95),
    "Champion: 97 %, between 95.1 % and 98.4 %, above the guarantee. "
    + "Challenger: 90 %, between 86 % and 94 %, below the guarantee. The guarantee is 95 %.");
  assert.match(described([champion], 0.97), /not yet told from the guarantee/);
  assert.equal(described([{ name: "Champion", live: null }], null), "Champion: nothing was checked yet. There is no guarantee.");
});

test("a change is told with its reason", () => {
  assert.equal(historyLine({ action: "rolled_back", reason: "Its bound fell." }), "Rolled back: Its bound fell.");
  assert.equal(historyLine({ action: "promoted", reason: "" }), "Promoted");
});
