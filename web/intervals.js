// Intervals of live precision against the guarantee, as a picture.

import { s } from "./dom.js";
import { described, percent, scaleOf } from "./model-words.js";

const TOP = 30;
const ROW = 52;

/** Rows {name, sha, live: {precision, lower, upper} | null}; the table beside it says the same. */
export function intervals(rows, guarantee) {
  const { from, ticks, at } = scaleOf(rows, guarantee);
  const x = (value) => `${at(value).toFixed(2)}%`;
  const end = TOP + rows.length * ROW;
  return s("svg.intervals", { role: "img", "aria-labelledby": "intervals-title intervals-text", height: end + 24, width: "100%" },
    s("title", { id: "intervals-title" }, "Live precision and guarantee"),
    s("desc", { id: "intervals-text" }, described(rows, guarantee)),
    ticks.map((tick) => [
      s("line.grid", { x1: x(tick), x2: x(tick), y1: TOP - 6, y2: end }),
      s("text.tick", { x: x(tick), y: end + 18, "text-anchor": tick === from ? "start" : tick === 1 ? "end" : "middle" }, percent(tick))]),
    guarantee === null ? null : [
      s("line.guarantee", { x1: x(guarantee), x2: x(guarantee), y1: TOP - 12, y2: end }),
      s("text.guaranteed", { x: x(guarantee), y: TOP - 17, "text-anchor": at(guarantee) > 60 ? "end" : at(guarantee) < 40 ? "start" : "middle" }, `Guarantee ${percent(guarantee)}`)],
    rows.map(({ name, sha, live }, i) => {
      const y = TOP + i * ROW + 34;
      return s(`g.${name.toLowerCase()}`, null,
        s("text.who", { x: "1%", y: y - 16 }, `${name} ${sha}`),
        live ? [
          s("line.bound", { x1: x(live.lower), x2: x(live.upper), y1: y, y2: y }),
          [live.lower, live.upper].map((value) => s("line.bound", { x1: x(value), x2: x(value), y1: y - 6, y2: y + 6 })),
          // A shape of its own for each: not by colour alone.
          s("svg", { x: x(live.precision), y, overflow: "visible" }, s("path.point", { d: i ? "M-7 0L0-7 7 0 0 7z" : "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z" }))]
          : s("text.none", { x: "1%", y: y + 4 }, "nothing was checked yet"));
    }));
}
