// Where evidence stands in a text, as pieces that do not overlap.

/** The index in UTF-16 units of each of some code point offsets. */
export function units(text, offsets) {
  const wanted = [...new Set(offsets)].sort((a, b) => a - b);
  const found = new Map();
  let point = 0;
  let unit = 0;
  for (const offset of wanted) {
    while (point < offset && unit < text.length) {
      unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
      point += 1;
    }
    found.set(offset, unit);
  }
  return found;
}

/**
 * Splits a text where spans begin and end.
 *
 * Spans have `start` and `end` in code points, the end exclusive. The answer is a list of
 * {text, spans, first}: the indices of the spans that cover the piece, and those that begin with
 * it. Spans that are empty or outside the text are left out. The pieces add up to the text.
 */
export function pieces(text, spans) {
  const at = units(text, spans.flatMap((span) => [span.start, span.end]));
  const covering = [];
  const cuts = new Set([0, text.length]);
  spans.forEach((span, index) => {
    const [start, end] = [at.get(span.start), at.get(span.end)];
    if (!(start < end)) return;
    covering.push({ index, start, end });
    cuts.add(start).add(end);
  });
  const edges = [...cuts].sort((a, b) => a - b);
  const found = [];
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const [start, end] = [edges[i], edges[i + 1]];
    const over = covering.filter((one) => one.start <= start && end <= one.end);
    found.push({
      text: text.slice(start, end),
      spans: over.map((one) => one.index),
      first: over.filter((one) => one.start === start).map((one) => one.index),
    });
  }
  return found;
}

/** The parts of a case, each with its own text and spans; of any other record the whole is one. */
export function partsOf({ text, parts }, spans) {
  if (!parts?.length) return [{ text, spans }];
  const at = units(text, parts.flatMap((one) => [one.start, one.end]));
  return parts.map(({ start, end, name }) => ({
    name,
    text: text.slice(at.get(start), at.get(end)),
    // Those of other parts are outside the text.
    spans: spans.map((span) => ({ ...span, start: span.start - start, end: span.end - start })),
  }));
}

/** The evidence of a decision as spans, each with the number of its criterion (0 for labels). */
export function spansOf(decision) {
  if (!decision) return [];
  const groups = decision.kind === "criteria"
    ? decision.criteria.map((one, number) => ({ number, title: one.title, evidence: one.evidence }))
    : [{ number: 0, title: decision.value, evidence: decision.evidence }];
  return groups.flatMap(({ number, title, evidence }) => (evidence ?? []).map((one) => ({
    start: one.start,
    end: one.end,
    number,
    title,
    supports: one.polarity !== "opposes",
    places: one.places ?? [],
    evidence: one,
  })));
}
