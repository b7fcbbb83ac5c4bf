// What is decided is sent in order, once, however often the network fails.

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;

/**
 * A list of things to send, kept in memory.
 *
 * `send(entry)` returns the answer. It throws an error with `retry: true` for what may work later;
 * any other error ends the entry. Entries are sent one after the other: what follows waits.
 */
export function createOutbox({ send, onChange = () => {}, wait = pause, random = Math.random, report = thrown }) {
  const entries = [];
  let running = false;
  let trouble = null;
  let wake = null;

  async function run() {
    if (running) return;
    running = true;
    let failures = 0;
    while (entries.length) {
      const entry = entries[0];
      entry.attempts += 1;
      let end;
      try {
        const answer = await send(entry);
        entry.state = "done";
        end = () => entry.done?.(answer);
      } catch (error) {
        if (error.retry) {
          trouble = error;
          failures += 1;
          onChange();
          const base = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1));
          const stop = new Promise((resolve) => { wake = resolve; });
          await Promise.race([wait(error.after ?? base * (0.75 + random() / 2)), stop]);
          continue;
        }
        entry.state = "failed";
        end = () => entry.failed?.(error);
      }
      trouble = null;
      failures = 0;
      entries.shift();
      try {
        end();
      } catch (error) {
        // What is done with the answer is no matter of the entries that follow.
        report(error);
      }
      onChange();
    }
    running = false;
    onChange();
  }

  return {
    /** Takes an entry; it is on its way when this returns. */
    add(entry) {
      Object.assign(entry, { attempts: 0, state: "waiting" });
      entries.push(entry);
      onChange();
      run();
      return entry;
    },
    /** Takes an entry back, if no attempt was made to send it. */
    cancel(entry) {
      const index = entries.indexOf(entry);
      if (index < 0 || entry.attempts > 0) return false;
      entries.splice(index, 1);
      entry.state = "cancelled";
      onChange();
      return true;
    },
    /** Tries again now: the network is back, or somebody signed in again. */
    wake() { wake?.(); },
    /** Forgets everything: somebody signed out. */
    clear() { entries.length = 0; wake?.(); },
    get size() { return entries.length; },
    get entries() { return [...entries]; },
    /** Why nothing goes out at the moment, or null. */
    get trouble() { return trouble; },
  };
}

function thrown(error) {
  setTimeout(() => { throw error; });
}

function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
