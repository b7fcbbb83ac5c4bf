// Search and charts over all results. Loaded when it is first opened.
// What is searched for may be text of a record: it is sent as a body and stands in no address. The
// address has the chart and what the records are, or the id of a saved search: ids only.

import { get, part, post } from "./api.js";
import { announce, fill, h, own, s, visible } from "./dom.js";
import { bytes, confidence, count, REASONS, short, time, titleOf } from "./format.js";
import { filtersOf, hiddenOf, likeOf, queryOf } from "./search-filters.js";
import { savedSearches } from "./search-saved.js";
import { problem } from "./uploads.js";

const CHARTS = {
  outcomes: "Records by outcome", calibration: "Confidence against what people decided",
  decisions: "Records by decision", reasons: "Why records are not accepted",
  agreement: "Review rate and agreement by version", duration: "Time from drop to result",
  "queue-age": "How long records wait for a person", cost: "Cost of runs",
};
const OUTCOMES = { accepted: "Accepted", review: "For review", invalid: "Invalid" };
const SORTS = { newest: "Newest first", oldest: "Oldest first", surest: "Surest first", least_sure: "Least sure first" };
const FORMATS = { csv: "CSV", jsonl: "JSON lines", parquet: "Parquet" };
const HIDDEN = { cases: "case", reviewers: "reviewer", like_text: "like" };
const PAGE = 20;

/** A text in pieces: what was found is marked. Offsets count code points. */
export function marked(text, spans) {
  const points = [...text];
  const pieces = [];
  let done = 0;
  for (const { start, end } of spans) {
    pieces.push(points.slice(done, start).join(""), h("mark.hit", null, points.slice(start, end).join("")));
    done = end;
  }
  return [...pieces, points.slice(done).join("")];
}

/** The picture of a chart. Its bars are for the mouse; the table below has the same as links. */
function picture({ drawing, stats }, go) {
  const shapes = drawing.marks.map((one) => {
    const { kind, role, x, y, x2, y2, text, anchor, behind } = one;
    if (kind === "text") return s(`text.${role}`, { x, y, "text-anchor": anchor }, text);
    const act = behind ? { onclick: () => go(stats.series[behind.series].points[behind.point].filters) } : {};
    const title = text ? s("title", null, text) : null;
    const name = `${role}${behind ? ".behind" : ""}`;
    if (kind === "rect") return s(`rect.${name}`, { x, y, width: Math.max(x2 - x, 0), height: Math.max(y2 - y, 0), ...act }, title);
    if (kind === "dot") return s(`circle.${name}`, { cx: x, cy: y, r: 4, ...act }, title);
    return s(`line.${name}`, { x1: x, y1: y, x2, y2 });
  });
  return s("svg.chart", { viewBox: `0 0 ${drawing.width} ${drawing.height}`, role: "img", "aria-label": drawing.summary }, shapes);
}

let styled = null;
function style() {
  styled ??= new Promise((done) => {
    document.head.append(h("link", { rel: "stylesheet", href: "/assets/search.css", onload: done, onerror: done }));
  });
  return styled;
}

function select(label, values, change) {
  const box = h("select", { "aria-label": label, onchange: () => change(box.value) }, Object.entries(values).map(([value, name]) => h("option", { value }, name)));
  return box;
}

export function searchView({ processes, navigate, groups }) {
  const root = h("div.search");
  const words = h("input", { type: "search", "aria-label": "Words to find", maxlength: "1000", autocomplete: "off", placeholder: "Words, \"a phrase\", anemi*" });
  const charts = select("Chart", CHARTS, (chart) => go({ chart }));
  const process = select("Process", { "": "All processes", ...Object.fromEntries(processes.map((one) => [one.id, one.title])) }, (value) => go({ process: value }));
  const outcome = select("Outcome", { "": "All outcomes", ...OUTCOMES }, (value) => go({ outcome: value }));
  const sort = select("Order", SORTS, () => find());
  const alikeFirst = h("option", { value: "likeness" }, "Most alike first");
  const form = select("Format", FORMATS, () => {});
  const exported = h("div", { role: "status" });
  const saved = savedSearches({ groups, current });
  const chips = h("div.row.chips");
  const drawn = h("section.drawn", { "aria-label": "Chart" });
  const found = h("section.found", { "aria-label": "Records" });
  let query = {};
  let hidden = {}; // What a saved search asks for that no address has.
  let asked = 0;
  let charted = 0;
  let hits = [];
  let unfolded = false;

  const address = (filters) => {
    const given = { chart: query.chart, ...queryOf(filters) };
    return `#/search?${new URLSearchParams(Object.entries(given).filter(([, value]) => value))}`;
  };
  const go = (change) => navigate("search", { ...query, ...change });
  const likeness = () => {
    const record = likeOf(query);
    return record ? { like_record: record } : hidden.like_text ? { like_text: hidden.like_text } : {};
  };
  const filters = () => {
    const { like_text: _, ...more } = hidden;
    return { ...filtersOf(query), ...more };
  };
  const alike = (one) => navigate("search", { chart: query.chart, like: [one.process, one.upload, one.record].join("/") });
  const toRecords = (narrower) => { navigate("search", { chart: query.chart, ...queryOf(narrower) }); };

  root.append(
    h("header.head", null, h("h1", { tabindex: "-1" }, "Search"), saved.root),
    h("form.ask-all", { role: "search", onsubmit: (event) => { event.preventDefault(); load(); } },
      h("div.words", null, words),
      process, outcome, h("button.primary", { type: "submit" }, "Search")),
    chips, drawn, found);

  /** What is searched for, as it is asked for and saved. */
  function current() {
    return { query: words.value, filters: filters(), ...likeness(), sort: sort.value };
  }

  function without(name) {
    const { [name]: _, ...rest } = hidden;
    hidden = rest;
    load();
  }

  function drawChips() {
    const { chart, keys, ...more } = query;
    // One process and one outcome are shown by their boxes.
    for (const name of ["process", "outcome"]) if (!more[name]?.includes(",")) delete more[name];
    const shown = [
      ...Object.entries(more).map(([name, value]) => [name, value, () => go({ [name]: "" })]),
      ...Object.entries(hidden).map(([name, value]) => [HIDDEN[name] ?? name, String(value), () => without(name)]),
    ];
    fill(chips, shown.map(([name, value, off]) => h("button.chip", {
      type: "button", "aria-label": `Remove ${name} ${value}`, onclick: off,
    }, own(`${name}: ${value.length > 60 ? `${value.slice(0, 60)}…` : value}`), " ×")),
    shown.length > 1 ? h("button.quiet", { type: "button", onclick: () => { hidden = {}; navigate("search", { chart }); } }, "Remove all") : null);
  }

  function drawChart(chart) {
    const rows = chart.rows.map((one) => h("tr", null,
      h("th", { scope: "row" }, own(REASONS[one.x] ?? one.x)), h("td", null, one.series), h("td.number", null, one.value),
      h("td.number", null, one.records ? h("a", { href: address(one.filters) }, count(one.records, "record")) : "0 records")));
    fill(drawn, h("div.row", null, charts), picture(chart, toRecords),
      rows.length ? h("details", { open: unfolded, ontoggle: (event) => { unfolded = event.target.open; } }, h("summary", null, "The numbers as a table"),
        h("div.scroll", { tabindex: "0", role: "group", "aria-label": "Table" }, h("table", null,
          h("thead", null, h("tr", null, ["", "", "value", "records behind it"].map((name) => h("th", { scope: "col" }, name || h("span.unseen", null, "of"))))),
          h("tbody", null, rows)))) : null);
    charts.value = chart.stats.chart;
  }

  function hit(one) {
    const sure = confidence(one);
    const title = one.decision ? titleOf(processes.find((each) => each.id === one.process), one.decision) : REASONS[one.code] ?? one.code;
    const name = one.source_id ?? `Record ${one.record} of ${short(one.upload)}`;
    const about = [one.process, sure?.short && `confidence ${sure.short}`, time(one.judged_at),
      one.review && `${one.review.decision ?? "cannot tell"} by ${one.review.by}`,
      typeof one.likeness === "number" && `likeness ${one.likeness.toFixed(2)}`];
    return h("li.card", null,
      h("div.top", null,
        h("a.title", { href: `#/uploads/${part(one.upload)}/${one.record}` }, own(name)),
        h("span.chip", { class: one.outcome }, OUTCOMES[one.outcome])),
      h("p.meta", null, h("strong", null, own(title)), " · ", own(about.filter(Boolean).join(" · ")), " ",
        h("button.quiet", { type: "button", onclick: () => alike(one) }, "Records like this one")),
      one.thumbnail ? h("img.thumbnail", { src: one.thumbnail, alt: `Picture of ${visible(name)}`, loading: "lazy", onerror: (event) => event.target.remove() }) : null,
      one.text ? h("p.excerpt", { dir: "auto" }, one.starts_at ? "…" : null, marked(one.text, one.spans), one.whole ? null : "…") : null);
  }

  function lacking({ indexing, damaged }) {
    const said = [indexing && "Results are being indexed: search again in a minute to find all of them.",
      damaged && `The results of ${count(damaged, "upload")} cannot be read and are missing here.`].filter(Boolean);
    return said.length ? h("p.meta", { role: "status" }, said.join(" ")) : null;
  }

  function drawHits(answer) {
    const box = answer.total ? h("ul.cards", null, hits.map(hit)) : h("p.meta", null, "No record has all of this. Use fewer words, or remove a condition.");
    fill(found, h("div.row", null, h("h2", { "aria-live": "polite" }, `${count(answer.total, "record")} found`), sort,
      answer.total ? h("span.row.export", null, form, h("button", { type: "button", onclick: (event) => write(event.target) }, "Export all")) : null),
    exported, lacking(answer), box,
      answer.next_offset ? h("button.more", { type: "button", onclick: () => find(answer.next_offset) }, "More") : null);
  }

  /** Everything that is found, as a file behind a link that holds for minutes. */
  async function write(button) {
    button.disabled = true;
    fill(exported, h("p.meta", null, "The file is being written …"));
    const turn = asked;
    const made = await post("/v1/search/export", { ...current(), format: form.value }).catch((error) => ({ error }));
    button.disabled = false;
    if (turn !== asked) return;
    if (made.error) fill(exported, problem(made.error));
    else {
      fill(exported, h("p", null, h("a.button", { href: made.url, download: made.name, rel: "noreferrer" }, `Download ${made.name}`),
        h("span.meta", null, ` ${count(made.records, "record")}, ${bytes(made.size)}. The link holds for five minutes.`)), lacking(made));
    }
  }

  const busy = (is) => { for (const each of [found, drawn]) is ? each.setAttribute("aria-busy", "true") : each.removeAttribute("aria-busy"); };

  /** What is being searched for is not shown any more. */
  function stop() {
    asked += 1;
    charted += 1;
    busy(false);
  }

  async function find(offset = 0) {
    const turn = offset ? asked : ++asked;
    found.setAttribute("aria-busy", "true");
    const answer = await post("/v1/search", { ...current(), limit: PAGE, offset }).catch((error) => ({ error }));
    if (turn !== asked) return;
    found.removeAttribute("aria-busy");
    if (answer.error) {
      fill(found, problem(answer.error));
      return;
    }
    fill(exported);
    hits = offset ? [...hits, ...answer.hits] : answer.hits;
    drawHits(answer);
    if (!offset) announce(`${count(answer.total, "record")} found`);
  }

  /** Likeness is an order of what is like something alone. */
  function offerOrders(chosen) {
    const like = Object.keys(likeness()).length > 0;
    if (like && !alikeFirst.parentNode) {
      sort.prepend(alikeFirst);
      sort.value = "likeness";
    } else if (!like) alikeFirst.remove();
    if (chosen) sort.value = chosen;
  }

  /** Takes what a saved search asks for in place of what the address says. */
  async function open(id) {
    const { name, search } = await get(`/v1/searches/${part(id)}`);
    const { like_record: like, like_text: text } = search;
    const unseen = hiddenOf(search.filters);
    const { chart } = query;
    query = queryOf(Object.fromEntries(Object.entries(search.filters).filter(([field]) => !(field in unseen))));
    if (chart) query.chart = chart;
    if (like) query.like = [like.process, like.upload, like.record].join("/");
    hidden = text ? { ...unseen, like_text: text } : unseen;
    words.value = search.query;
    offerOrders(search.sort);
    announce(`${name} is opened.`);
  }

  async function load() {
    busy(true);
    drawChips();
    offerOrders();
    process.value = query.process ?? "";
    outcome.value = query.outcome ?? "";
    await Promise.all([find(), findChart()]);
  }

  async function findChart() {
    const turn = ++charted;
    const chart = query.chart in CHARTS ? query.chart : "outcomes";
    const answer = await post("/v1/stats", { chart, query: words.value, filters: filters() }).catch((error) => ({ error }));
    if (turn !== charted) return;
    drawn.removeAttribute("aria-busy");
    // The search says what is wrong with what both were asked.
    answer.error ? fill(drawn) : drawChart(answer);
  }

  return {
    root,
    title: "Search",
    async enter(to) {
      busy(true);
      await style();
      const { name, query: _, saved: id, ...given } = to;
      query = given;
      if (id) {
        saved.close();
        try {
          await open(id);
        } catch (error) {
          stop();
          fill(drawn);
          fill(found, problem(error));
          return;
        }
      }
      await load();
    },
    leave(next) {
      if (next?.root === root) return;
      // What was typed or opened is forgotten with the view.
      words.value = "";
      hidden = {};
      saved.close();
      hits = [];
      fill(found);
      fill(drawn);
      stop();
    },
  };
}
