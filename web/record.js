// A record on the screen: what it says, and what the machine makes of it.

import { fill, h, icon, own, s, visible } from "./dom.js";
import { confidence, piecesOf, REASONS, short, time, titleOf, verdict } from "./format.js";
import { partsOf, pieces, spansOf } from "./marks.js";

const SIGNS = { met: "check", not_met: "cross", undetermined: "unsure" };
const HUES = 8;

/** Its name for people: the file's own id, or its number. */
export function nameOf(item) {
  if (item.upload.startsWith("p-")) return item.picture ? "Picture" : "Typed text";
  return item.source_id ? visible(item.source_id) : `Record ${item.record}`;
}

/** The text with evidence marked, the columns of the row, and the pictures of a scan. */
export function recordSheet(item, { level = "h1" } = {}) {
  const spans = spansOf(item.decision);
  const text = h("div.text", { dir: "auto" });
  const views = [];
  if (item.picture) {
    fill(text, shown(item.pages?.[0]?.url, "The picture that was judged",
      item.upload.startsWith("p-") ? "The picture is not kept, only what was found." : "The picture cannot be shown."));
  } else if (item.text === null || item.text === undefined) {
    text.append(h("p.empty", null, "The text is not kept here: these results are from an older version. ",
      "Drop the file again to see it."));
  } else if (item.text === "") {
    text.append(h("p.empty", null, "No text: only the columns above were judged."));
  } else {
    fill(text, partsOf(item, spans).flatMap((one) => [
      one.name ? h("p.meta", null, own(one.name)) : null,
      marked(one.text, one.spans, item.decision)]));
  }
  views.push({ name: "Text", element: text });
  if (item.pages?.length && !item.picture) {
    const several = item.pages.length + (item.unpictured?.length ?? 0) > 1;
    views.unshift({ name: several ? "Pages" : "Page", element: pictures(item, spans) });
  }
  return h("article.sheet", { "aria-labelledby": "record-name" },
    h("header", null,
      h(`${level}.name`, { id: "record-name", tabindex: "-1" }, own(nameOf(item))),
      whereabouts(item)),
    columns(item.fields),
    views.length > 1 ? tabs(views) : views[0].element);
}

/** The version that judged: its first twelve digits lead to it. */
export function versionLink(process, { sha256 }) {
  const id = sha256.slice(0, 12);
  return h("a", { href: `#/models/${encodeURIComponent(process)}/${id}` }, `version ${id}`);
}

function whereabouts(item) {
  const parts = [];
  if (item.source_id && !item.upload.startsWith("p-")) parts.push(`record ${item.record}`);
  if (item.part) parts.push(own(item.part));
  if (item.line) parts.push(`line ${item.line}`);
  const process = item.process?.title ?? item.process?.id;
  return h("p.meta", null,
    process ? [own(process), parts.length ? " · " : ""] : null,
    parts.flatMap((one, i) => (i ? [" · ", one] : [one])),
    item.judged_by ? [" · ", versionLink(item.process.id, item.judged_by)] : null,
    item.upload.startsWith("p-") ? null
      : [" · ", h("a", { href: `#/uploads/${encodeURIComponent(item.upload)}` }, `upload ${short(item.upload)}`)]);
}

function columns(fields) {
  const given = Object.entries(fields ?? {});
  if (!given.length) return null;
  return h("dl.columns", { "aria-label": "Columns of the row" }, given.map(([name, value]) =>
    h("div", null, h("dt", null, own(name)), h("dd", { dir: "auto" }, own(value === "" ? "–" : value)))));
}

function marked(text, spans, decision) {
  const criteria = decision?.kind === "criteria";
  return pieces(text, spans).map((piece) => {
    let node = document.createTextNode(visible(piece.text));
    // The outermost mark is the span that began first; each has its own line below the text.
    piece.spans.forEach((index, depth) => {
      const span = spans[index];
      node = h("mark", {
        class: `hue${span.number % HUES} ${span.supports ? "for" : "against"} depth${Math.min(depth, 3)}`,
        title: hint(span),
        "data-criterion": span.number,
      }, piece.first.includes(index) ? badge(span, criteria) : null, node);
    });
    return node;
  });
}

function hint({ title, supports, evidence, part }) {
  return visible([
    `${supports ? "For" : "Against"}: ${title}`,
    part ? `in ${part.name}` : "",
    evidence?.context?.length ? `(${evidence.context.join(", ")})` : "",
    evidence?.fact ? `${evidence.fact}, asked: ${evidence.reference}` : evidence?.reference ? `nearest: ${evidence.reference}` : "",
  ].filter(Boolean).join(" · "));
}

function badge({ number, supports, title }, criteria) {
  return h("span.badge", null,
    h("span", { "aria-hidden": "true" }, criteria ? `${number + 1}` : "", supports ? "+" : "−"),
    h("span.unseen", null, `[${supports ? "for" : "against"} ${title}: `, "]"));
}

function tabs(views) {
  const body = h("div.view");
  const buttons = views.map((view, index) => h("button", {
    type: "button", "aria-pressed": "false", onclick: () => show(index),
  }, view.name));
  function show(index) {
    buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(i === index)));
    fill(body, views[index].element);
  }
  show(0);
  const element = h("div", null, h("div.tabs", { role: "group", "aria-label": "Show" }, buttons), body);
  element.addEventListener("other-view", () => {
    const at = buttons.findIndex((one) => one.getAttribute("aria-pressed") === "true");
    show((at + 1) % views.length);
  });
  element.dataset.views = "";
  return element;
}

/** A picture, with what is drawn over it; if it cannot be loaded, a sentence. */
function shown(url, alt, otherwise, over = null) {
  const failed = h("p.empty", { hidden: Boolean(url) }, otherwise);
  const image = url && h("img", { src: url, alt, onerror: () => { image.hidden = true; failed.hidden = false; } });
  return [image ? h("div.frame", null, image, over) : null, failed];
}

/** All that was judged, in its order: the pictures of pages, and the text that is on none of them. */
function pictures(item, spans) {
  const untaken = partsOf({ text: item.text ?? "", parts: item.unpictured }, spans);
  const texts = (item.unpictured ?? []).map((one, i) => ({ start: one.start, element: asText(one, untaken[i], item.decision) }));
  const shown = [...figures(item, spans), ...texts].sort((a, b) => a.start - b.start);
  return h("div.pages", null,
    texts.length ? h("p.meta", null, "Without a picture, and shown as text: ", own(piecesOf(item.unpictured)), ".") : null,
    shown.map((one) => one.element));
}

function asText(one, { text, spans }, decision) {
  return h("section.page", null,
    h("p.meta", null, own(piecesOf([one])), ", as text"),
    h("div.text", { dir: "auto" }, marked(text, spans, decision)));
}

/** The picture of each page, with a box for each line that evidence stands on. */
function figures(item, spans) {
  return item.pages.map(({ page, url, picture, part, start = 0 }) => {
    const boxes = spans.flatMap((span) => span.places
      .filter((place) => place.box && (picture ? place.picture === picture : (place.page ?? 1) === page))
      .map((place, index) => ({ span, box: place.box, first: index === 0 })));
    const labels = new Map();
    const element = h("figure.page", null,
      shown(url, `Page ${page} of the document; its text is in the other view`, "The picture cannot be shown. The text can: see above.",
        s("svg.boxes", { "aria-hidden": "true" }, boxes.map((one) => drawn(one, labels, item.decision)))),
      h("figcaption", null, part ? [own(part), ", page "] : "Page ", String(page),
        boxes.length ? `, ${boxes.length} ${boxes.length === 1 ? "line" : "lines"} with evidence` : ", no evidence"));
    return { start, element };
  });
}

function drawn({ span, box: [left, top, right, bottom], first }, labels, decision) {
  const share = (value) => `${(Math.min(1, Math.max(0, value)) * 100).toFixed(2)}%`;
  // The label is left of the first line; those of other criteria on the same line go before it.
  const beside = labels.get(top) ?? 0;
  if (first) labels.set(top, beside + 1);
  return s("g", { class: `hue${span.number % HUES} ${span.supports ? "for" : "against"}`, "data-criterion": span.number },
    s("title", null, hint(span)),
    s("rect", { x: share(left), y: share(top), width: share(right - left), height: share(bottom - top), rx: 3 }),
    first ? s("text", { x: share(left), y: share((top + bottom) / 2), dx: -5 - 24 * beside },
      decision?.kind === "criteria" ? `${span.number + 1}` : "", span.supports ? "+" : "−") : null);
}

/** What the machine says, how sure, why a person is asked, and each criterion or label. */
export function machinePanel(item, { lit } = {}) {
  if (item.hidden) {
    return h("section.machine.blind", { tabindex: "0", "aria-labelledby": "machine-title" },
      h("h2", { id: "machine-title" }, icon("eye"), "Blind check"),
      h("p", null, "What the machine says is hidden until you have decided. ",
        "It shows how often people and machine agree when neither knows of the other."));
  }
  const { decision } = item;
  const sure = confidence(item);
  return h("section.machine", { tabindex: "0", "aria-labelledby": "machine-title" },
    h("h2", { id: "machine-title" }, "The machine says"),
    decision
      ? h("p.verdict", { class: decision.kind === "criteria" ? decision.value : "label" },
        decision.kind === "criteria" ? icon(SIGNS[decision.value]) : null, own(titleOf(item.process, decision.value)))
      : h("p.verdict", null, "Nothing: it could not be judged"),
    sure && decision ? h("p.sure", null,
      h("meter", { min: 0, max: 1, value: item.confidence, "aria-label": item.calibrated ? "Confidence" : "Raw score" }),
      h("strong", null, sure.short), " ", h("span", null, sure.long)) : null,
    why(item),
    decision?.kind === "criteria" ? criteria(item, lit) : null,
    decision?.kind === "labels" ? labels(item) : null);
}

function why(item) {
  if (item.kind === "audit") {
    return h("p.why", null, h("strong", null, "Spot check. "), "This one was accepted; some of those are looked at, too.");
  }
  if (!item.reason && !item.code) return null;
  return h("p.why", null, h("strong", null, REASONS[item.code] ?? visible(item.code ?? "Set aside"), ". "), own(item.reason ?? ""));
}

function criteria(item, lit) {
  const because = new Set(item.decision.because ?? []);
  const missing = new Set(item.missing ?? []);
  return h("ol.criteria", { "aria-label": "Criteria" }, item.decision.criteria.map((one, number) => {
    const pros = one.evidence.filter((each) => each.polarity !== "opposes").length;
    const cons = one.evidence.length - pros;
    const silent = !one.doubt && (missing.has(one.title) || (!one.evidence.length && one.verdict === "undetermined"));
    const fact = one.evidence.find((each) => each.fact)?.fact;
    const said = one.doubt
      ? own(`in doubt: ${one.doubt}`)
      : fact ? own(fact) : one.evidence.length
      ? [pros ? `${pros} for` : "", cons ? `${cons} against` : ""].filter(Boolean).join(", ")
      : silent ? "nothing said" : "";
    return h("li", { class: `hue${number % HUES} ${one.verdict}${silent ? " silent" : ""}` },
      h("button", {
        type: "button", "aria-pressed": "false", disabled: !one.evidence.length, "data-criterion": number,
        title: because.has(one.id) ? "This criterion led to the decision" : null,
        onclick: (event) => lit?.(event.currentTarget, number),
      },
      h("span.badge", { "aria-hidden": "true" }, String(number + 1)),
      h("span.title", null, own(one.title), silent ? ": nothing said" : null,
        because.has(one.id) ? h("span.unseen", null, " (led to the decision)") : null),
      h("span.said", null, silent ? null : said),
      h("span.call", null, icon(SIGNS[one.verdict]), verdict(one.verdict))),
      h("ul.nearest", null, one.evidence.map((each) => h("li", null,
        own(hint({ title: each.text, supports: each.polarity !== "opposes", evidence: each,
          part: item.parts?.find((part) => part.record === each.part?.record) }))))));
  }));
}

function labels(item) {
  const scores = item.decision.scores ?? [];
  return h("ol.labels", { "aria-label": "Labels, likeliest first" }, scores.slice(0, 5).map((one) =>
    h("li", null, h("span.title", null, own(titleOf(item.process, one.label))),
      h("meter", { min: 0, max: 1, value: one.score, "aria-hidden": "true" }),
      h("span.number", null, one.score.toFixed(2)))));
}

/** Shows the evidence of one criterion alone, or of all again. */
export function lighter(root) {
  return (button, number) => {
    const alone = button.getAttribute("aria-pressed") !== "true";
    for (const one of root.querySelectorAll(".criteria button")) one.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(alone));
    let first = null;
    for (const mark of root.querySelectorAll("[data-criterion]")) {
      if (mark.tagName === "BUTTON") continue;
      const other = alone && mark.dataset.criterion !== String(number);
      mark.classList.toggle("faded", other);
      if (!other && !first) first = mark;
    }
    if (alone) first?.scrollIntoView({ block: "nearest" });
  };
}

/** What people decided of it, oldest first. */
export function historyList(process, events) {
  if (!events.length) return h("p.empty", null, "Nobody has decided it yet.");
  const words = { decided: "decided", undone: "took the decision back", skipped: "skipped it", erased: "erased it", expired: "closed it: its results have expired", queued: "opened it again: a later run has judged it" };
  return h("ol.history", null, events.map((one) => h("li", null,
    h("p", null,
      h("strong", null, own(one.by ?? "")), " ", words[one.kind] ?? visible(one.kind), " ",
      one.kind === "decided" ? h("strong", null, one.cannot_tell ? "Cannot tell" : own(titleOf(process, one.to))) : null,
      one.from && one.kind === "decided" && one.from !== one.to ? [" instead of ", own(titleOf(process, one.from))] : null),
    h("p.meta", null, h("time", { datetime: one.at }, time(one.at)),
      one.seconds ? ` · ${one.seconds} s` : null,
      one.blind ? " · blind" : null,
      one.through && one.through !== "page" ? ` · ${visible(one.through)}` : null),
    one.note ? h("p.note", { dir: "auto" }, own(one.note)) : null)));
}
