// Words for values.

export const REASONS = {
  undetermined: "Undetermined",
  below_threshold: "Below the threshold",
  low_ocr_confidence: "Hard to read (scan)",
  out_of_scope: "Unlike the training data",
  case_incomplete: "A part could not be read",
};
const VERDICTS = { met: "Met", not_met: "Not met", undetermined: "Undetermined" };

/** The title of a decision of a process. */
export function titleOf(process, decision) {
  if (decision === null || decision === undefined) return "";
  const known = process?.decisions?.find((one) => one.id === decision);
  return known?.title ?? VERDICTS[decision] ?? decision;
}

export function verdict(value) {
  return VERDICTS[value] ?? value;
}

/** What the confidence of a record is, in words: a measured share, or a number that only ranks. */
export function confidence({ confidence: value, calibrated, code }) {
  if (value === null || value === undefined) return null;
  if (calibrated && code !== "out_of_scope") {
    const share = Math.round(value * 100);
    return { short: `${share} %`, long: `Of 100 such decisions, about ${share} are right.` };
  }
  const long = calibrated ? "It holds for records like the training data. This one is unlike them." : "A raw score: it ranks records, it is no probability.";
  return { short: value.toFixed(2), long };
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function bytes(size) {
  if (size === null || size === undefined) return "";
  if (size < 1000) return `${size} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = size;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A time of the server in the reader's own zone; today without the date. */
export function time(iso, now = new Date()) {
  const at = new Date(iso ?? "");
  if (Number.isNaN(at.getTime())) return "";
  const clock = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === now.toDateString()) return clock;
  const sameYear = at.getFullYear() === now.getFullYear();
  const day = at.toLocaleDateString([], { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
  return `${day}, ${clock}`;
}

/** An upload's id, short enough to read. */
export function short(id) {
  return id.startsWith("p-") ? id : id.slice(0, 8);
}

/** How many of all decisions changed something: of audits and corrections, too. Empty if none. */
export function changedOf(totals) {
  if (!totals.changed) return "";
  const all = (totals.decided ?? 0) + (totals.audited ?? 0) + (totals.corrections ?? 0);
  return `, ${totals.changed.toLocaleString("en")} of ${count(all, "decision")} changed`;
}

/** What a review's state says, as a sentence. */
export function reviewed(process, review) {
  if (!review || review.state === "open") return "Not decided yet";
  if (review.state === "erased") return "Erased";
  if (review.state === "expired") return "Results expired";
  if (review.cannot_tell) return "Cannot tell";
  return titleOf(process, review.decision);
}

/** What pieces of text are called: "a.txt, pages 2, 21 to 25". */
export function piecesOf(pieces) {
  const byPart = new Map();
  for (const { part, page } of pieces) {
    if (!byPart.has(part)) byPart.set(part, new Set());
    if (page) byPart.get(part).add(page);
  }
  return [...byPart].map(([part, pages]) => {
    const runs = [];
    for (const page of [...pages].sort((a, b) => a - b)) {
      const last = runs.at(-1);
      if (last && last[1] === page - 1) last[1] = page;
      else runs.push([page, page]);
    }
    const told = runs.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(", ");
    return [part, told && `${pages.size > 1 ? "pages" : "page"} ${told}`].filter(Boolean).join(", ") || "a part of the text";
  }).join("; ");
}
