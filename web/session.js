// The records that a person holds: the one on the screen, those fetched ahead, those decided.

const AHEAD = 2;
/** Parts of a long queue that are looked at before the person is told that none was found yet. */
const PARTS = 6;
const UNDO = 50;

export function keyOf(item) {
  return `${item.upload}/${item.record}`;
}

const naming = ({ upload, record }) => ({ upload, record });

/** A change of a record for the outbox. Its body is made when it is sent: what goes before it changes the version. */
export function entryOf(item, path, more, done, failed) {
  return {
    item,
    path,
    key: crypto.randomUUID(),
    body: () => ({ ...naming(item), version: item.version, run: item.run, ...more }),
    done,
    failed,
  };
}

/** The note as it is typed, for the outbox: kept by the server until the record is decided. */
export function draftOf(item) {
  item.unsaved = false;
  return { item, path: "/v1/drafts", key: crypto.randomUUID(), body: () => ({ ...naming(item), note: item.note ?? "" }) };
}

/** What somebody has noted of a record; what others have is not theirs. */
export function noteOf({ draft, review }, user) {
  return draft ?? (review?.by === user ? review?.note : null) ?? "";
}

/** A decision for the outbox. */
export function decisionOf(item, { decision, cannotTell = false }, seconds, done, failed) {
  const given = { decision: cannotTell ? null : decision, cannot_tell: cannotTell };
  if (item.note) given.note = item.note;
  if (seconds !== null) given.seconds = seconds;
  item.unsaved = false;
  return entryOf(item, "/v1/reviews", given, (answer) => {
    item.version = answer.version;
    item.review = answer.review;
    done(answer);
  }, failed);
}

/**
 * The queue as one person works through it.
 *
 * `post(path, body)` asks the API; `outbox` takes what is decided. The next record is there before
 * the one on the screen is decided, and nothing waits for an answer.
 */
export function createSession({ post, outbox, user = () => null, onChange = () => {}, now = () => Date.now() }) {
  const held = [];
  const decided = [];
  const conflicts = [];
  const failures = [];
  let filters = {};
  let totals = null;
  let loading = false;
  let empty = false;
  let cursor = null;
  let trouble = null;
  let again = false;
  let last = null;
  let generation = 0;

  const changed = () => onChange();

  async function fill() {
    // At the end of the queue it looks once more: somebody may have given a record back.
    if (loading || held.length > AHEAD || (empty && held.length)) return;
    loading = true;
    const mine = generation;
    changed();
    try {
      // Not again what is on the screen or on its way to the server.
      const holding = [...held, ...outbox.entries.map((entry) => entry.item)].map(naming);
      const ask = () => post("/v1/leases", {
        ...filters, count: AHEAD + 1 - held.length, holding: holding.slice(-50),
        ...(again ? { skipped: true } : {}), ...(cursor ? { cursor } : {}),
      });
      let answer = await ask();
      // What is rare may be far behind; who has a record on the screen need not wait for it.
      for (let part = 1; part < PARTS && !answer.items.length && answer.cursor && !held.length && mine === generation; part += 1) {
        cursor = answer.cursor;
        answer = await ask();
      }
      if (mine !== generation) {
        release(answer.items);
        return;
      }
      const known = new Set([...held, ...outbox.entries.map((entry) => entry.item)].map(keyOf));
      const fresh = answer.items.filter((item) => !known.has(keyOf(item)));
      for (const item of fresh) prepare(item);
      held.push(...fresh);
      totals = answer.totals ?? totals;
      cursor = fresh.length ? null : answer.cursor ?? null;
      trouble = null;
      // Fewer than asked for: there is no more, until somebody gives a record back.
      empty = fresh.length === 0;
      start();
    } catch (error) {
      // The record that the cursor leads to may have left the queue: it begins anew.
      if (mine === generation) [trouble, cursor] = [error, null];
    } finally {
      if (mine === generation) loading = false;
      changed();
    }
  }

  function prepare(item) {
    item.note = noteOf(item, user());
  }

  /** Keeps what was refused until a person has settled it: a conflict, or a failure. */
  function refuse(one) {
    const { item, choice, error } = one;
    // What a later run has judged again comes back by itself, to be read anew.
    const conflict = error.status === 409 && error.code !== "record_judged_again" && !choice.undone;
    (conflict ? conflicts : failures).push(one);
    // Its note is a draft, should the other decision stand, or nobody answer.
    if (conflict && item.note) outbox.add(draftOf(item));
    changed();
  }

  function start() {
    if (held[0] && !held[0].since) held[0].since = now();
  }

  function release(items) {
    if (!items.length) return;
    // Also while the page goes away, when nobody waits for the answer.
    post("/v1/leases/release", { items: items.map(naming) }, { keepalive: true }).catch(() => {});
  }

  function next() {
    const item = held.shift();
    start();
    return item;
  }

  function send(item, choice) {
    const seconds = Math.max(0, Math.round((now() - (item.since ?? now())) / 100) / 10);
    item.since = null;
    last = { item, choice, machine: null };
    const entry = decisionOf(item, choice, seconds, (answer) => {
      totals = answer.totals ?? totals;
      if (last?.item === item) last = { item, choice, machine: answer.machine };
      changed();
    }, (error) => {
      const index = decided.findIndex((one) => one.entry === entry);
      if (index >= 0) decided.splice(index, 1);
      refuse({ item, choice, error });
    });
    decided.push({ item, entry });
    if (decided.length > UNDO) decided.shift();
    return outbox.add(entry);
  }

  return {
    get current() { return held[0] ?? null; },
    get held() { return [...held]; },
    get totals() { return totals; },
    get loading() { return loading; },
    get empty() { return empty && held.length === 0; },
    /** Whether the queue was looked at only in part: `fill` looks on. */
    get partial() { return empty && held.length === 0 && cursor !== null; },
    get trouble() { return trouble; },
    get last() { return last; },
    get conflict() { return conflicts[0] ?? null; },
    /** What was refused, and not settled. */
    get refused() { return [...conflicts, ...failures]; },
    get failures() { return failures; },
    get canUndo() { return decided.length > 0; },

    /** Begins, or begins again with other filters. */
    async open(given) {
      this.close();
      filters = given;
      again = false;
      await fill();
    },
    /** Gives back what is held; what was decided goes on being sent. */
    close() {
      generation += 1;
      loading = false;
      empty = false;
      cursor = null;
      trouble = null;
      for (const item of held) if (item.unsaved) outbox.add(draftOf(item));
      release(held.splice(0));
    },
    fill,
    /** Looks again, where the queue was empty; with the records that this person skipped. */
    async look(withSkipped = false) {
      empty = false;
      cursor = null;
      again = withSkipped;
      await fill();
    },
    /** Decides the record on the screen; the next one is on the screen when this returns. */
    decide(choice) {
      if (!held.length) return null;
      send(next(), choice);
      fill();
      changed();
      return true;
    },
    /** Gives the record back for somebody else. */
    skip() {
      if (!held.length) return null;
      const item = next();
      outbox.add(entryOf(item, "/v1/reviews/skip", {}, (answer) => {
        totals = answer.totals ?? totals;
        changed();
      }));
      last = { item, choice: { skipped: true }, machine: null };
      fill();
      changed();
      return true;
    },
    /** Takes the last decision back, sent or not, and shows its record again. */
    undo() {
      const one = decided.pop();
      if (!one) return null;
      const { item, entry } = one;
      if (!outbox.cancel(entry)) {
        outbox.add(entryOf(item, "/v1/reviews/undo", {}, (answer) => {
          item.version = answer.version;
          item.review = answer.item?.review ?? null;
          totals = answer.totals ?? totals;
          changed();
        }, (error) => {
          // What is on the screen stays: its note may be under way.
          const index = held.indexOf(item);
          if (index > 0) held.splice(index, 1);
          refuse({ item, choice: { undone: true }, error });
          fill();
        }));
      }
      if (held[0]) held[0].since = null;
      held.unshift(item);
      last = null;
      start();
      changed();
      return item;
    },
    /** Ends a conflict: theirs stands, or ours is put over it. */
    settle(overrule) {
      const { item, choice, error, settle } = conflicts.shift();
      if (settle) settle(overrule);
      else if (overrule) {
        item.version = error.body.version ?? item.version;
        send(item, choice);
      }
      changed();
    },
    refuse,
    dismiss(one) {
      for (const list of [conflicts, failures]) {
        const index = list.indexOf(one);
        if (index >= 0) list.splice(index, 1);
      }
      changed();
    },
    /** Keeps the leases of what is held; what was lost meanwhile is let go, but for the record shown. */
    async renew() {
      if (!held.length) return;
      const answer = await post("/v1/leases/renew", { items: held.map(naming) }).catch(() => null);
      for (const one of answer?.items ?? []) {
        const index = held.findIndex((item) => keyOf(item) === `${one.upload}/${one.record}`);
        if (one.until === null && index > 0) held.splice(index, 1);
      }
      fill();
    },
  };
}
