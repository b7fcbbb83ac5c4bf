import assert from "node:assert/strict";
import { test } from "node:test";
import { filtersOf, hiddenOf, queryOf } from "../../../web/search-filters.js";

test("an address has what records are, and gets it back", () => {
  const filters = {
    processes: ["L33774"], outcomes: ["review", "invalid"], reviewed: false, answered: true, erased: false,
    confidence_from: 0, confidence_to: 0.1, since: "2026-11", until: "2026-12",
  };
  assert.deepEqual(filtersOf(queryOf(filters)), filters);
});

test("names of people and ids of cases are in no address", () => {
  assert.deepEqual(queryOf({ reviewers: ["ann@example.org"], cases: ["PA-1"], uploads: [] }), {});
});

test("a value with a comma is not read as two", () => {
  assert.deepEqual(queryOf({ decisions: ["a,b", "c"] }), { decision: "c" });
});

test("what no address has is told apart", () => {
  const filters = {
    processes: ["L33774"], versions: [], uploads: [], decisions: ["a,b", "c"], cases: ["PA-1"], reviewers: [],
    reviewed: false, changed: null, confidence_from: 0, confidence_to: null, since: null,
  };
  assert.deepEqual(hiddenOf(filters), { decisions: ["a,b", "c"], cases: ["PA-1"] });
});
