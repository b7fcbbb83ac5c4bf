import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbox } from "../../../web/outbox.js";

const later = (status = 0, more = {}) => Object.assign(new Error("later"), { retry: true, status, ...more });
const never = (status) => Object.assign(new Error("never"), { retry: false, status });
const settle = async () => { for (let i = 0; i < 50; i += 1) await null; };

/** An outbox whose server answers as it is told, and whose waits end when they are told. */
function made() {
  const sent = [];
  const answers = [];
  const waits = [];
  const outbox = createOutbox({
    send: async (entry) => {
      sent.push(entry.name);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      if (answer?.then) return answer;
      return answer ?? "saved";
    },
    wait: (ms) => new Promise((resolve) => { waits.push({ ms, resolve }); }),
    random: () => 0.5,
  });
  const ended = [];
  const entry = (name) => ({
    name,
    key: `key-${name}`,
    done: (answer) => ended.push(`${name} ${answer}`),
    failed: (error) => ended.push(`${name} failed ${error.status}`),
  });
  return { outbox, sent, answers, waits, ended, entry };
}

test("entries go out in order, one after the other", async () => {
  const { outbox, sent, answers, ended, entry } = made();
  let release;
  answers.push(new Promise((resolve) => { release = resolve; }));
  outbox.add(entry("a"));
  outbox.add(entry("b"));
  await settle();
  assert.deepEqual(sent, ["a"]);
  assert.equal(outbox.size, 2);
  release("slow");
  await settle();
  assert.deepEqual(ended, ["a slow", "b saved"]);
  assert.equal(outbox.size, 0);
});

test("without a network nothing is lost, nothing overtakes, and the key stays the same", async () => {
  const { outbox, sent, answers, waits, ended, entry } = made();
  answers.push(later(), later(), later());
  const first = outbox.add(entry("a"));
  outbox.add(entry("b"));
  await settle();
  assert.equal(outbox.trouble.status, 0);
  waits[0].resolve();
  await settle();
  outbox.wake();
  await settle();
  waits[2].resolve();
  await settle();
  assert.deepEqual(sent, ["a", "a", "a", "a", "b"]);
  assert.deepEqual(ended, ["a saved", "b saved"]);
  assert.equal(first.key, "key-a");
  assert.equal(outbox.trouble, null);
});

test("waits grow to half a minute, and the server's own wish counts", async () => {
  const { outbox, answers, waits, entry } = made();
  answers.push(...Array.from({ length: 7 }, () => later(503)), later(429, { after: 7000 }));
  outbox.add(entry("a"));
  for (let i = 0; i < 8; i += 1) {
    await settle();
    waits[i].resolve();
  }
  await settle();
  assert.deepEqual(waits.map((one) => one.ms), [1000, 2000, 4000, 8000, 16000, 30000, 30000, 7000]);
});

test("a conflict ends its entry, and the next one goes on", async () => {
  const { outbox, answers, ended, entry } = made();
  answers.push(never(409));
  outbox.add(entry("a"));
  outbox.add(entry("b"));
  await settle();
  assert.deepEqual(ended, ["a failed 409", "b saved"]);
});

test("an entry can be taken back until the first attempt", async () => {
  const { outbox, sent, answers, waits, entry } = made();
  answers.push(later());
  const first = outbox.add(entry("a"));
  const second = outbox.add(entry("b"));
  await settle();
  // It may have arrived although no answer came.
  assert.equal(outbox.cancel(first), false);
  assert.equal(outbox.cancel(second), true);
  waits[0].resolve();
  await settle();
  assert.deepEqual(sent, ["a", "a"]);
  assert.equal(outbox.cancel(second), false);
});

test("what is added while another is done is sent, too", async () => {
  const { outbox, sent, entry } = made();
  const first = entry("a");
  first.done = () => outbox.add(entry("b"));
  outbox.add(first);
  await settle();
  assert.deepEqual(sent, ["a", "b"]);
});

test("an answer that cannot be drawn takes no entry with it, and stops none", async () => {
  const reported = [];
  const sent = [];
  const outbox = createOutbox({
    send: async ({ name }) => {
      sent.push(name);
      if (name === "b") throw never(403);
    },
    wait: () => new Promise(() => {}),
    report: (error) => reported.push(error.message),
  });
  const breaks = () => { throw new Error("no such element"); };
  const failed = [];
  outbox.add({ name: "a", done: breaks, failed: () => failed.push("a") });
  outbox.add({ name: "b", failed: breaks });
  outbox.add({ name: "c" });
  await settle();
  assert.deepEqual(sent, ["a", "b", "c"]);
  assert.deepEqual(reported, ["no such element", "no such element"]);
  assert.deepEqual(failed, []);
  assert.equal(outbox.size, 0);
});
