// Models: each process with its versions, how a release stands, and what an admin does about it.
// Loaded when it is first opened: most people who decide records never do.

import { get, part, post } from "./api.js";
import { ring } from "./bells.js";
import { announce, fill, h, icon, own } from "./dom.js";
import { count, time } from "./format.js";
import { intervals } from "./intervals.js";
import { age, historyLine, percent, sharpened, STAGES, tiny } from "./model-words.js";
import { problem } from "./uploads.js";

const LOOK_EVERY = 10_000;

/** The style of these views, added once; they are shown when it is there. */
let styled = null;
function style() {
  styled ??= new Promise((done) => {
    document.head.append(h("link", { rel: "stylesheet", href: "/assets/models.css", onload: done, onerror: done }));
  });
  return styled;
}

function address(process, version) {
  return `#/models/${part(process)}${version ? `/${tiny(version)}` : ""}`;
}

function versionLink(process, version) {
  return h("a.sha", { href: address(process, version.sha256) }, tiny(version.sha256));
}

function stageOf(item) {
  if (!item.release) return null;
  const { stage, percent: share } = item.release;
  return h("span.chip.running", null, stage === "canary" ? `Canary ${share} %` : STAGES[stage] ?? stage);
}

function names(version) {
  return version.aliases.map((one) => h("span.chip", { class: one }, one === "champion" ? "Champion" : "Challenger"));
}

/** One line on live precision; the picture has the rest. */
function liveLine(live) {
  if (!live?.records) return "No accepted record was checked yet.";
  return `Of ${count(live.records, "checked record")}, ${percent(live.precision)} are right; with 95 % confidence at least ${percent(live.lower)}.`;
}

const skeleton = () => h("div.skeleton", null, h("div", null), h("div", null));

/** All processes. */
export function modelsView() {
  const root = h("div.models");
  const list = h("div.list", null, skeleton());
  const code = h("p.meta");
  root.append(h("header.head", null, h("h1", { tabindex: "-1" }, "Models"), code), list);

  function card(item) {
    const { champion, challenger, live } = item;
    return h("li.card", null,
      h("div.top", null, h("a.title", { href: address(item.process) }, own(item.title)), stageOf(item)),
      h("p.meta", null, "Champion ", versionLink(item.process, champion), own(` · ${champion.process_version} · ${age(champion.created)}`),
        challenger ? [" · challenger ", versionLink(item.process, challenger)] : null),
      h("p.counts", null, h("span", null, liveLine(live.champion)),
        champion.guarantee === null ? null : h("span.meta", null, `Guaranteed: ${percent(champion.guarantee)}`)));
  }

  return {
    root,
    title: "Models",
    async enter() {
      await style();
      try {
        const answer = await get("/v1/models");
        ring(answer.notices);
        fill(code, answer.code ? [own(`Code ${answer.code.version}, deployed ${age(answer.code.deployed_at)}`)] : []);
        fill(list, answer.items.length ? h("ul.cards", null, answer.items.map(card))
          : h("div.state", null, h("h2", null, "No models yet"), h("p", null, "Processes are published when the stack is deployed, and by winnow process publish.")));
      } catch (error) {
        fill(list, problem(error));
      }
    },
  };
}

/** One process: release, versions, history. */
export function modelView({ may, navigate }) {
  const root = h("div.model");
  const top = h("div");
  const release = h("section.release", { "aria-labelledby": "release-title" });
  const one = h("section.facts", { "aria-labelledby": "version-title" });
  const versions = h("section.records", { "aria-labelledby": "versions-title" });
  const past = h("section.past", { "aria-labelledby": "past-title" });
  root.append(top, release, one, versions, past);
  let process = null;
  let asked = null;
  let model = null;
  let list = [];
  let cursor = null;
  let alive = false;
  let timer = null;
  let drawn = "";

  async function load() {
    clearTimeout(timer);
    const wanted = process;
    const left = () => !alive || wanted !== process;
    try {
      const answer = await get(`/v1/models/${part(wanted)}`, { limit: 20 });
      if (left()) return;
      ring(answer.notices);
      // Older pages of versions stay as they were fetched.
      const older = list.filter((each) => !answer.versions.some((other) => other.sha256 === each.sha256));
      if (!older.length) ({ cursor } = answer);
      list = [...answer.versions, ...older];
      model = answer;
      draw();
    } catch (error) {
      if (left()) return;
      if (!model) fill(top, h("a.back", { href: "#/models" }, icon("back"), "Models"), h("h1", { tabindex: "-1" }, "Model"), problem(error));
    }
    if (!document.hidden) timer = setTimeout(load, LOOK_EVERY);
  }

  function draw() {
    // What is as it was is left alone: the focus and what a screen reader is reading stay.
    const now = JSON.stringify([model, list.length, asked]);
    if (now === drawn) return;
    drawn = now;
    const focused = document.activeElement?.dataset?.act;
    drawTop();
    drawRelease();
    drawVersions();
    drawPast();
    if (focused) root.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
    drawOne();
  }

  const act = (name, title, run, kind = "") => h(`button${kind}`, { type: "button", "data-act": name, onclick: run }, title);

  function drawTop() {
    const { champion, challenger } = model;
    fill(top,
      h("a.back", { href: "#/models" }, icon("back"), "Models"),
      h("header.head", null, h("h1", { tabindex: "-1" }, own(model.title)), stageOf(model)),
      h("p.meta", null, own(process), " · champion ", versionLink(process, champion), own(` · ${champion.process_version}, ${age(champion.created)}`)),
      model.training ? h("p.meta", { role: "status" }, `A training is running. It has ended by ${time(model.training.until)} at the latest.`) : null,
      may.release ? h("p.row.acts", null,
        act("train", "Train again", trainDialog, challenger ? "" : ".primary"),
        challenger ? [
          act("shadow", "Shadow", () => releaseDialog("shadow", challenger)),
          act("canary", model.release?.stage === "canary" ? "Change the canary" : "Canary", () => releaseDialog("canary", challenger)),
          act("promote", "Promote", () => releaseDialog("promote", challenger), ".primary"),
          model.release ? act("stop", "Stop", () => releaseDialog("stop", challenger)) : null] : null,
        model.release || (model.previous && !model.taken_back) ? act("rollback", "Roll back", () => releaseDialog("rollback", null)) : null) : null);
  }

  function rows() {
    const { champion, challenger, live } = model;
    return [["Champion", champion, live.champion], ["Challenger", challenger, live.challenger]]
      .filter(([, version]) => version)
      .map(([name, version, found]) => ({ name, sha: tiny(version.sha256), version, live: found?.records ? found : null }));
  }

  function drawRelease() {
    const given = rows();
    const guarantee = model.release?.guarantee ?? model.champion.guarantee;
    const { release: stage, shadow } = model;
    fill(release,
      h("h2", { id: "release-title" }, "Live precision"),
      h("p.meta", null, "Of accepted records that people checked in the audit sample: how many are right, and between which bounds the true share is. The bounds hold with 95 % confidence at any time that one looks."),
      h("figure", null, intervals(given, guarantee)),
      h("div.table", { tabindex: "0", role: "region", "aria-label": "The same as numbers" }, h("table", null,
        h("thead", null, h("tr", null, ["Version", "Checked", "Right", "Precision", "Lower bound", "Upper bound"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", null, given.map(({ name, sha, live }) => h("tr", null,
          h("th", { scope: "row" }, name, h("span.meta", null, ` ${sha}`)),
          ...(live ? [live.records, live.correct, percent(live.precision), percent(live.lower), percent(live.upper)] : ["0", "–", "–", "–", "–"])
            .map((value) => h("td.number", null, String(value)))))))),
      stage ? h("div.share", null,
        h("h2", null, STAGES[stage.stage]),
        h("div.split", { "aria-hidden": "true", vars: { "--n": String(stage.percent) } }, h("i")),
        h("p", null, stage.stage === "canary"
          ? `${stage.percent} % of uploads are decided by the challenger, ${100 - stage.percent} % by the champion.`
          : "The champion decides everything. The challenger judges the same records, and differences are counted."),
        h("p.meta", null, `Since ${time(stage.started_at)}, by `, own(stage.by), ". ",
          stage.automatic ? `It is promoted by itself when the lower bound is above ${percent(stage.guarantee)}, and taken back when the upper bound is below.` : "Nothing is promoted by itself."),
        shadow?.records ? h("p", null, `Both have judged ${count(shadow.records, "record")}: ${count(shadow.differed, "decision")} ${shadow.differed === 1 ? "differs" : "differ"} (${sharpened(shadow.differed / shadow.records)}).`) : null) : null);
  }

  const COLUMNS = ["Version", "Made", "Accuracy", "ECE", "Precision of accepted", "Against the champion"];

  function drawVersions() {
    fill(versions,
      h("h2", { id: "versions-title" }, "Versions"),
      h("div.table", { tabindex: "0", role: "region", "aria-label": "Table of versions" }, h("table", null,
        h("thead", null, h("tr", null, [...COLUMNS, ...(releasable() ? ["Release"] : [])].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", null, list.map(versionRow)))),
      cursor ? h("button.more", { type: "button", "data-act": "more", onclick: more }, "Older versions") : null);
  }

  /** One release at a time. */
  const releasable = () => may.release && !model.release && list.some((each) => !each.aliases.length);

  function versionRow(version) {
    const { metrics } = version;
    const number = (value, digits) => (value === null || value === undefined ? "–" : sharpened(value, digits));
    return h("tr", { class: asked && version.sha256.startsWith(asked) ? "here" : "" },
      h("th", { scope: "row" }, versionLink(process, version), " ", names(version), h("span.meta", null, own(` ${version.process_version}`))),
      h("td", null, age(version.created), h("span.meta", null, `${version.source} by `, own(version.by))),
      h("td.number", null, number(metrics?.accuracy)),
      h("td.number", null, metrics?.ece === null || metrics?.ece === undefined ? "–" : metrics.ece.toFixed(3)),
      h("td.number", null, number(metrics?.accepted_precision),
        metrics?.accepted_precision_lower !== null && metrics?.accepted_precision_lower !== undefined ? h("span.meta", null, `at least ${sharpened(metrics.accepted_precision_lower)}`) : null),
      h("td", null, verdictOn(metrics)),
      releasable() ? h("td", null, version.aliases.length ? "" : act(`release ${version.sha256}`, "Release", () => releaseDialog("shadow", version), ".quiet")) : null);
  }

  function verdictOn(metrics) {
    if (!metrics || metrics.better === null || metrics.better === undefined) return "–";
    return [h("span", { class: metrics.better ? "agrees" : "differs" }, metrics.better ? "Better" : "Not better"),
      metrics.mcnemar_p === null || metrics.mcnemar_p === undefined ? null : h("span.meta", null, `McNemar p = ${metrics.mcnemar_p.toFixed(3)}`)];
  }

  async function more() {
    try {
      const answer = await get(`/v1/models/${part(process)}`, { limit: 20, cursor });
      ({ cursor } = answer);
      list = [...list, ...answer.versions.filter((each) => !list.some((other) => other.sha256 === each.sha256))];
      draw();
    } catch (error) {
      versions.append(problem(error));
    }
  }

  function drawPast() {
    fill(past, h("h2", { id: "past-title" }, "History"),
      h("ol.history", null, model.history.map((change) => h("li", null,
        h("p", null, own(historyLine(change))),
        h("p.meta", null, time(change.at), " · ", change.automatic ? "by itself" : own(change.by), " · ",
          change.champion_after ? ["champion ", versionLink(process, { sha256: change.champion_after })] : null,
          change.challenger_after ? [", challenger ", versionLink(process, { sha256: change.challenger_after })] : null)))));
  }

  async function drawOne() {
    if (!asked) {
      fill(one);
      return;
    }
    const wanted = asked;
    try {
      const found = await get(`/v1/models/${part(process)}/${part(wanted)}`);
      if (wanted !== asked || !alive) return;
      const facts = [
        ["SHA-256", h("span.sha", null, found.sha256)],
        ["Definition", h("span.sha", null, found.definition_sha256)],
        ["Head", found.head_sha256 ? h("span.sha", null, found.head_sha256) : "none: it judges by the definition alone"],
        ["Made", [time(found.created), ", by ", own(found.by), `, ${found.source}`]],
        ["Threshold", String(found.threshold)],
        ["Guarantee", found.guarantee === null ? "none: it is never promoted by itself" : `${percent(found.guarantee)} of accepted decisions are right`],
        ["Trained with", found.rows === null ? null : count(found.rows, "row")],
        ["Made of", found.parents.length ? found.parents.map((sha, i) => [i ? ", " : "", versionLink(process, { sha256: sha })]) : null],
        ["Can be trained again", found.reproducible === null ? null : found.reproducible ? "yes" : "no: training rows were erased"],
        ["Code", found.code],
      ];
      fill(one,
        h("h2", { id: "version-title" }, `Version ${tiny(found.sha256)} `, names(found)),
        h("dl.columns", null, facts.filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))),
        found.evaluation ? h("p.row", null, h("button", { type: "button", "data-act": "evaluation", onclick: () => evaluation(found) }, icon("file"), "Evaluation")) : null);
    } catch (error) {
      if (wanted === asked && alive) fill(one, h("h2", { id: "version-title" }, `Version ${wanted}`), problem(error));
    }
  }

  async function evaluation(found) {
    try {
      const { url } = await get(`/v1/models/${part(process)}/${part(found.sha256)}/evaluation`);
      h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }).click();
    } catch (error) {
      one.append(problem(error));
    }
  }

  // -- dialogs ---------------------------------------------------------------------------------

  /** Asks first, and says what happens. What the server refuses is said in the dialog. */
  function confirm({ title, body, button, send, done }) {
    const trouble = h("div");
    const go = h("button.primary", { type: "submit" }, button);
    // One key for one request, however often it is sent; another request has another.
    let sent = null;
    const form = h("form", {
      method: "dialog",
      onsubmit: async (event) => {
        event.preventDefault();
        const asking = send();
        const text = JSON.stringify(asking);
        if (sent?.text !== text) sent = { text, key: crypto.randomUUID() };
        go.disabled = true;
        fill(trouble);
        try {
          const answer = await post(asking.path, asking.body, { key: sent.key });
          box.close();
          announce(done(answer));
          await load();
        } catch (error) {
          fill(trouble, problem(error));
          // What was shown no longer holds: nothing is sent again for it.
          if (error.status === 409) {
            go.hidden = true;
            back.focus();
            load();
          } else go.disabled = false;
        }
      },
    });
    const back = h("button", { type: "button", onclick: () => box.close() }, "Cancel");
    const box = h("dialog.confirm", { "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text", onclose: () => box.remove() }, form);
    fill(form, h("h2", { id: "confirm-title" }, title), h("div", { id: "confirm-text" }, body), trouble, h("p.row", null, go, back));
    document.body.append(box);
    box.showModal();
    // Nothing happens by a key too many: Enter goes to what is asked for, or back.
    (form.querySelector("input") ?? back).focus();
  }

  /** Whether a version has proved what its process promises, as far as people have checked it. */
  function proved(version) {
    const promised = model.release?.guarantee ?? version.guarantee;
    const live = version.sha256 === model.challenger?.sha256 ? model.live.challenger : null;
    if (promised === null) return "It has no guarantee that it could have proved.";
    const lower = live?.records ? live.lower : 0;
    return lower >= promised ? `It has proved its guarantee of ${percent(promised)}.`
      : `It has not proved its guarantee of ${percent(promised)}: ${lower ? `so far it is at least ${percent(lower)}.` : "nothing was checked yet."}`;
  }

  function trainDialog() {
    confirm({
      title: "Train again?",
      body: [
        h("p", null, "A training starts with the rows of this process and what people have decided since. It takes some minutes."),
        h("p", null, "It changes nothing that is decided: the result is a challenger with its evaluation, or a mail that it is not better."),
      ],
      button: "Train again",
      send: () => ({ path: `/v1/models/${part(process)}/train`, body: {} }),
      done: () => "The training has been started.",
    });
  }

  function releaseDialog(action, version) {
    const { champion, release: running } = model;
    const from = { ...model };
    const sha = version && tiny(version.sha256);
    const held = "Runs that have begun keep the version that they began with.";
    const guarantee = running?.guarantee ?? version?.guarantee ?? null;
    const share = h("input", { id: "share", type: "number", min: 1, max: 100, step: 1, required: true, value: String(running?.stage === "canary" ? running.percent : 10) });
    const alone = h("input", { id: "alone", type: "checkbox", checked: running ? running.automatic : guarantee !== null, disabled: guarantee === null });
    const automatic = h("p", null, h("label", null, alone, guarantee === null
      ? " Promote it by itself: not possible, it has no guarantee"
      : ` Promote it by itself when it has proved ${percent(guarantee)}`));
    const texts = {
      shadow: ["Shadow", () => [
        h("p", null, `Version ${sha} judges every new record beside the champion. All decisions stay the champion's; differences are counted.`)]],
      canary: ["Canary", () => [
        h("p", null, `Version ${sha} decides a share of new uploads, chosen by chance; each upload stays on its side. ${held}`),
        h("p.row", null, h("label", { for: "share" }, "Share of uploads in percent"), share),
        automatic]],
      promote: ["Promote", () => [
        h("p", null, `Version ${sha} decides every new run, at once. ${held}`),
        h("p", null, proved(version)),
        h("p", null, `The champion of today, ${tiny(champion.sha256)}, stays ready for 24 hours: Roll back returns to it.`)]],
      stop: ["Stop", () => [
        h("p", null, `The release ends: every new run is decided by the champion, ${tiny(champion.sha256)}. ${held} Version ${sha} is kept, and can be released again.`)]],
      rollback: ["Roll back", () => [
        h("p", null, running
          ? `The challenger ${tiny(running.challenger)} is taken back: every new run is decided by the champion, ${tiny(champion.sha256)}, and there is no challenger any more. ${held}`
          : `Every new run is decided by version ${tiny(from.previous)} again, which was the champion before ${tiny(champion.sha256)}. ${held}`)]],
    };
    let chosen = action;
    const body = h("div");
    const say = () => fill(body, ...texts[chosen][1]());
    // A version that is no challenger yet: what shall become of it is asked here.
    const choice = version && !version.aliases.length ? h("fieldset", null, h("legend", null, "How"),
      ["shadow", "canary", "promote"].map((one) => h("label", null,
        h("input", { type: "radio", name: "how", value: one, checked: one === action, onchange: () => { chosen = one; say(); } }), ` ${texts[one][0]}`))) : null;
    say();
    confirm({
      title: choice ? `Release version ${sha}?` : `${texts[action][0]}?`,
      body: [choice, body],
      button: choice ? "Release" : texts[action][0],
      send: () => ({
        path: "/v1/releases",
        body: {
          process, action: chosen, revision: from.revision,
          ...(version && chosen !== "stop" ? { version: version.sha256 } : {}),
          ...(chosen === "canary" ? { percent: Number(share.value), automatic: alone.checked } : {}),
          ...(guarantee !== null && chosen === "canary" ? { guarantee } : {}),
        },
      }),
      done: () => `${texts[chosen][0]}: done.`,
    });
  }

  const visible = () => { if (!document.hidden) load(); };
  return {
    root,
    title: "Model",
    async enter({ process: given, version }) {
      alive = true;
      asked = version ?? null;
      document.addEventListener("visibilitychange", visible);
      if (given !== process) {
        process = given;
        model = null;
        list = [];
        cursor = null;
        drawn = "";
        for (const section of [release, one, versions, past]) fill(section);
        fill(top, skeleton());
      }
      await style();
      await load();
      if (asked && alive) one.scrollIntoView({ block: "nearest" });
    },
    leave() {
      alive = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", visible);
      document.querySelector("dialog.confirm")?.close();
    },
  };
}
