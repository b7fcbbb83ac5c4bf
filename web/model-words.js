// Words and scales of the Models views.

import { count } from "./format.js";

export const STAGES = { shadow: "Shadow", canary: "Canary" };

/** A version's name for people: the first twelve hex digits. */
export function tiny(sha) {
  return sha.slice(0, 12);
}

/** A share in percent, with a decimal only where there is something behind it. */
export function percent(share) {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** A share in percent, always with its decimals: for columns and small differences. */
export function sharpened(share, digits = 1) {
  return `${(share * 100).toFixed(digits)} %`;
}

/** How long ago something was made. */
export function age(iso, now = new Date()) {
  const minutes = Math.floor((now - new Date(iso)) / 60_000);
  if (Number.isNaN(minutes)) return "";
  if (minutes < 2) return "just now";
  if (minutes < 120) return `${minutes} minutes ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} hours ago`;
  return `${count(Math.floor(minutes / 1440), "day")} ago`;
}

const ACTIONS = {
  published: "Published",
  challenger: "Made challenger",
  shadow: "Shadow began",
  canary: "Canary began",
  promoted: "Promoted",
  rolled_back: "Rolled back",
  stopped: "Release stopped",
};

/** What a change of the aliases was, and why. */
export function historyLine({ action, reason }) {
  const what = ACTIONS[action] ?? action;
  return reason ? `${what}: ${reason}` : what;
}

/** The axis: from a round share below everything shown, to 100 %; positions in percent of the width. */
export function scaleOf(rows, guarantee) {
  const shown = [...rows.filter((one) => one.live).map((one) => one.live.lower), guarantee ?? 0.95];
  const lowest = Math.min(...shown, 0.95);
  const step = lowest >= 0.8 ? 0.05 : 0.2;
  const steps = Math.max(1, Math.ceil((1 - lowest) / step + 0.2 - 1e-9));
  const from = Math.max(0, Number((1 - steps * step).toFixed(4)));
  const ticks = [];
  for (let i = 0; ; i += 1) {
    const tick = Number((from + i * step).toFixed(4));
    if (tick > 1) break;
    ticks.push(tick);
  }
  return { from, ticks, at: (value) => 1 + 98 * ((value - from) / (1 - from)) };
}

/** The picture in words. */
export function described(rows, guarantee) {
  const lines = rows.map(({ name, live }) => {
    if (!live) return `${name}: nothing was checked yet.`;
    const where = guarantee === null ? ""
      : live.lower >= guarantee ? ", above the guarantee"
        : live.upper < guarantee ? ", below the guarantee" : ", not yet told from the guarantee";
    return `${name}: ${percent(live.precision)}, between ${percent(live.lower)} and ${percent(live.upper)}${where}.`;
  });
  return [...lines, guarantee === null ? "There is no guarantee." : `The guarantee is ${percent(guarantee)}.`].join(" ");
}
