// What a run cost: the sum, its steps, and what no price is known of.
// Loaded when an upload is opened whose run said so.

import { h, own } from "./dom.js";

/** Dollars for people: cents, and below them the first two digits that are not zero. */
export function dollars(usd) {
  if (!usd) return "$0";
  if (usd >= 0.1) return `$${usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${usd.toFixed(Math.min(12, 1 - Math.floor(Math.log10(usd))))}`;
}

/** One line: what the run cost, for 1,000 records, and by step. */
export function costLine(cost) {
  const steps = Object.entries(cost.steps).map(([step, usd]) => `${step} ${dollars(usd)}`).join(", ");
  const least = cost.missing.length ? "at least " : "";
  return h("p.meta.cost", null, own(
    `Cost: ${least}${dollars(cost.usd)}, ${dollars(cost.per_1000_records)} for 1,000 records (${steps}; list prices of ${cost.region}, ${cost.prices})`));
}
