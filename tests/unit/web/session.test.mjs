import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbox } from "../../../web/outbox.js";
import { createSession, noteOf } from "../../../web/session.js";

const settle = async () => { for (let i = 0; i < 80; i += 1) await null; };

/** A server in memory with `size` records, and a session of one person. */
function made(size = 6) {
  const calls = [];
  const records = Array.from({ length: size }, (_, i) => ({ upload: "u", record: i + 1, version: 0, review: null }));
  const server = { refuse: null, offline: false };
  const find = ({ record }) => records.find((one) => one.record === record);
  const post = async (path, body) => {
    calls.push([path, body]);
    if (server.offline) throw Object.assign(new Error("offline"), { retry: true, status: 0 });
    if (path === server.refuse) throw Object.assign(new Error("refused"), { status: 403 });
    if (path === "/v1/leases") {
      const holding = new Set(body.holding.map((one) => one.record));
      const free = records.filter((one) => !one.review && !holding.has(one.record));
      return { items: free.slice(0, body.count).map((one) => ({ ...one })), totals: { open: free.length } };
    }
    if (path === "/v1/reviews") {
      const record = find(body);
      if (record.version !== body.version) {
        throw Object.assign(new Error("conflict"), { status: 409, body: { review: record.review, version: record.version } });
      }
      record.version += 1;
      record.review = { state: "decided", decision: body.decision };
      return { version: record.version, review: record.review, machine: { decision: "x", agreed: true }, totals: { open: 0 } };
    }
    if (path === "/v1/reviews/undo") {
      const record = find(body);
      assert.equal(record.version, body.version);
      record.version += 1;
      record.review = null;
      return { version: record.version, item: { ...record }, totals: { open: 1 } };
    }
    return { items: [], totals: {} };
  };
  let hold = null;
  const outbox = createOutbox({
    send: async (entry) => {
      if (hold) await hold;
      return post(entry.path, entry.body());
    },
    wait: () => new Promise(() => {}),
  });
  const page = { draws: 0 };
  const onChange = () => { page.draws += 1; };
  const session = createSession({ post, outbox, onChange, now: () => 1000 });
  return { session, outbox, calls, records, server, page, block(promise) { hold = promise; } };
}

test("a long queue is looked at in parts, and nothing left is said at its end alone", async () => {
  const asked = [];
  const parts = 9;
  const post = async (path, body) => {
    if (path !== "/v1/leases") return {};
    asked.push(body.cursor ?? null);
    const part = body.cursor ? Number(body.cursor) : 0;
    return { items: [], totals: { open: 1 }, cursor: part < parts ? String(part + 1) : null };
  };
  const outbox = createOutbox({ send: async () => ({}), wait: () => new Promise(() => {}) });
  const session = createSession({ post, outbox });
  await session.open({ reason: "rare" });
  assert.deepEqual(asked, [null, "1", "2", "3", "4", "5"]);
  assert.deepEqual([session.empty, session.partial], [true, true]);
  await session.fill();
  assert.deepEqual(asked.slice(6), ["6", "7", "8", "9"]);
  assert.deepEqual([session.empty, session.partial], [true, false]);
  await session.look();
  assert.equal(asked[10], null);
});

test("the next record is on the screen when a decision returns, and two are ahead", async () => {
  const { session } = made();
  await session.open({});
  assert.equal(session.held.length, 3);
  session.decide({ decision: "met" });
  assert.equal(session.current.record, 2);
  await settle();
  assert.deepEqual(session.held.map((one) => one.record), [2, 3, 4]);
});

test("every record is decided once, in the order of the queue", async () => {
  const { session, records, calls } = made(20);
  await session.open({});
  for (let i = 0; i < 20; i += 1) {
    session.decide({ decision: "met" });
    await settle();
  }
  assert.ok(records.every((one) => one.version === 1));
  const sent = calls.filter(([path]) => path === "/v1/reviews").map(([, body]) => body.record);
  assert.deepEqual(sent, records.map((one) => one.record));
  assert.equal(session.empty, true);
});

test("a decision that is on its way is not fetched again", async () => {
  const { session, block } = made(4);
  await session.open({});
  let release;
  block(new Promise((resolve) => { release = resolve; }));
  session.decide({ decision: "met" });
  session.decide({ decision: "met" });
  await settle();
  assert.deepEqual(session.held.map((one) => one.record), [3, 4]);
  release();
  await settle();
});

test("undo of an unsent decision takes it out, and nothing is sent", async () => {
  const { session, calls, block } = made();
  await session.open({});
  let release;
  block(new Promise((resolve) => { release = resolve; }));
  session.decide({ decision: "met" });
  session.decide({ decision: "not_met" });
  session.undo();
  assert.equal(session.current.record, 2);
  release();
  await settle();
  assert.deepEqual(calls.filter(([path]) => path.startsWith("/v1/reviews")).map(([path, body]) => [path, body.record]), [["/v1/reviews", 1]]);
});

test("undo of a sent one goes after it, and a new decision has the version after the undo", async () => {
  const { session, records } = made();
  await session.open({});
  session.current.note = "as typed";
  session.decide({ decision: "met" });
  session.undo();
  assert.equal(session.current.record, 1);
  assert.equal(session.current.note, "as typed");
  session.decide({ decision: "not_met" });
  await settle();
  assert.equal(records[0].version, 3);
  assert.equal(records[0].review.decision, "not_met");
});

test("of a conflict both are kept until the person settles it", async () => {
  const { session, records } = made();
  await session.open({});
  records[0].version = 1;
  records[0].review = { state: "decided", decision: "not_met", by: "anna" };
  session.current.note = "mine";
  session.decide({ decision: "met" });
  await settle();
  assert.equal(session.conflict.error.body.review.by, "anna");
  assert.equal(session.conflict.item.note, "mine");
  assert.equal(session.current.record, 2);
  session.settle(true);
  await settle();
  assert.equal(records[0].review.decision, "met");
  assert.equal(session.conflict, null);
});

test("a conflict is among what was refused until it is settled, and its note is a draft at once", async () => {
  const { session, records, calls } = made();
  await session.open({});
  records[0].version = 1;
  session.current.note = "mine";
  session.decide({ decision: "met" });
  await settle();
  assert.equal(session.refused.length, 1);
  assert.deepEqual(calls.filter(([path]) => path === "/v1/drafts").map(([, body]) => [body.record, body.note]), [[1, "mine"]]);
  session.settle(false);
  assert.equal(session.refused.length, 0);
});

test("what is refused on another view is settled as that view says", async () => {
  const { session } = made();
  const settled = [];
  session.refuse({ item: {}, choice: {}, error: { status: 409 }, settle: (overrule) => settled.push(overrule) });
  session.refuse({ item: {}, choice: {}, error: { status: 403 } });
  assert.equal(session.refused.length, 2);
  session.settle(true);
  session.dismiss(session.failures[0]);
  assert.deepEqual(settled, [true]);
  assert.equal(session.refused.length, 0);
});

test("an undo that is refused takes the record on the screen from nobody", async () => {
  const { session, server } = made();
  await session.open({});
  session.decide({ decision: "met" });
  await settle();
  server.refuse = "/v1/reviews/undo";
  session.undo();
  await settle();
  assert.equal(session.current.record, 1);
  assert.equal(session.refused[0].choice.undone, true);
});

test("notes that were not sent are, when the view is left", async () => {
  const { session, calls } = made();
  await session.open({});
  Object.assign(session.held[0], { note: "half a", unsaved: true });
  session.close();
  await settle();
  assert.deepEqual(calls.filter(([path]) => path === "/v1/drafts").map(([, body]) => body.note), ["half a"]);
});

test("a note that somebody else has written is not one's own", () => {
  const review = { by: "ada", note: "hers" };
  assert.equal(noteOf({ review }, "ada"), "hers");
  assert.equal(noteOf({ review }, "grace"), "");
  assert.equal(noteOf({ review, draft: "mine" }, "grace"), "mine");
  assert.equal(noteOf({}, "grace"), "");
});

test("what is held is given back when the view is left, and answers that come late, too", async () => {
  const { session, calls } = made();
  const opening = session.open({});
  session.close();
  await opening;
  await settle();
  const released = calls.filter(([path]) => path === "/v1/leases/release");
  assert.deepEqual(released.flatMap(([, body]) => body.items.map((one) => one.record)), [1, 2, 3]);
  assert.equal(session.current, null);
});

test("without a network the records ahead can be decided, and wait", async () => {
  const { session, outbox, server, records } = made();
  await session.open({});
  server.offline = true;
  session.decide({ decision: "met" });
  session.decide({ decision: "met" });
  await settle();
  assert.equal(outbox.size, 2);
  assert.equal(session.current.record, 3);
  server.offline = false;
  outbox.wake();
  await settle();
  assert.deepEqual(records.slice(0, 2).map((one) => one.version), [1, 1]);
});

test("an answer that comes last is drawn: a conflict, a decision, a skip, an undo", async () => {
  const late = async (prepare, act) => {
    const all = made();
    await all.session.open({});
    await prepare(all);
    await settle();
    let answer;
    all.block(new Promise((resolve) => { answer = resolve; }));
    act(all.session);
    // The records ahead are there long before the answer.
    await settle();
    const { draws } = all.page;
    answer();
    await settle();
    assert.ok(all.page.draws > draws);
    return all.session;
  };
  const decide = (session) => session.decide({ decision: "met" });
  const conflict = await late(({ records }) => { records[0].version = 7; }, decide);
  assert.equal(conflict.conflict.item.record, 1);
  const decided = await late(() => {}, decide);
  assert.equal(decided.last.machine.agreed, true);
  await late(() => {}, (session) => session.skip());
  await late(({ session }) => { decide(session); }, (session) => session.undo());
});

test("the line on the decision before is of the last one, whichever answer comes last", async () => {
  const { session, block } = made();
  await session.open({});
  let answer;
  block(new Promise((resolve) => { answer = resolve; }));
  session.decide({ decision: "met" });
  session.decide({ decision: "met" });
  answer();
  await settle();
  assert.equal(session.last.item.record, 2);
  assert.equal(session.last.machine.agreed, true);
});
