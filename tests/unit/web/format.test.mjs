import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, changedOf, confidence, piecesOf, reviewed, time, titleOf } from "../../../web/format.js";

test("a raw score is not called a probability", () => {
  assert.equal(confidence({ confidence: 0.5, calibrated: false }).short, "0.50");
  assert.match(confidence({ confidence: 0.5, calibrated: false }).long, /no probability/);
  assert.equal(confidence({ confidence: 0.925, calibrated: true, code: "below_threshold" }).short, "93 %");
  assert.equal(confidence({ confidence: null, calibrated: true }), null);
});

test("what is unlike the training data is promised nothing", () => {
  const { short, long } = confidence({ confidence: 0.925, calibrated: true, code: "out_of_scope" });
  assert.equal(short, "0.93");
  assert.doesNotMatch(short + long, /%|are right/);
});

test("titles of decisions: the process's own, then the verdicts", () => {
  const process = { decisions: [{ id: "joy", title: "Joy" }] };
  assert.equal(titleOf(process, "joy"), "Joy");
  assert.equal(titleOf(process, "not_met"), "Not met");
  assert.equal(titleOf(process, "<b>"), "<b>");
  assert.equal(titleOf(null, null), "");
});

test("what changed is a share of all decisions, of audits and corrections too", () => {
  assert.equal(changedOf({ queued: 2, decided: 2, audited: 29, corrections: 1, changed: 11 }), ", 11 of 32 decisions changed");
  assert.equal(changedOf({ queued: 2, decided: 1, changed: 1 }), ", 1 of 1 decision changed");
  assert.equal(changedOf({ queued: 2, decided: 1, changed: 0 }), "");
});

test("pieces of a text are called by their files and pages, runs of pages in short", () => {
  const pages = (...numbers) => numbers.map((page) => ({ part: null, page }));
  assert.equal(piecesOf(pages(3)), "page 3");
  assert.equal(piecesOf(pages(21, 22, 23, 24, 25)), "pages 21 to 25");
  assert.equal(piecesOf(pages(2, 9, 7, 8, 2)), "pages 2, 7 to 9");
  assert.equal(piecesOf([{ part: "letter.txt", page: null }]), "letter.txt");
  assert.equal(piecesOf([{ part: "a.pdf", page: 1 }, { part: "mail", page: null }, { part: "a.pdf", page: 2 }]), "a.pdf, pages 1 to 2; mail");
  assert.equal(piecesOf([{ part: null, page: null }]), "a part of the text");
});

test("sizes and times", () => {
  assert.equal(bytes(999), "999 bytes");
  assert.equal(bytes(1234), "1.2 kB");
  assert.equal(bytes(5_600_000), "5.6 MB");
  assert.equal(bytes(null), "");
  assert.equal(time("rubbish"), "");
  assert.equal(time(null), "");
});

test("what a review says", () => {
  assert.equal(reviewed(null, null), "Not decided yet");
  assert.equal(reviewed(null, { state: "erased" }), "Erased");
  assert.equal(reviewed(null, { state: "decided", cannot_tell: true }), "Cannot tell");
  assert.equal(reviewed(null, { state: "decided", decision: "met" }), "Met");
});
