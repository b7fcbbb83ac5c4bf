// What rings, above every view: notices of models, and alarms of the stack.
// Loaded when the first view is there: nobody waits for it to decide a record.

import { get } from "./api.js";
import { $, announce, fill, h, own } from "./dom.js";
import { time } from "./format.js";

const LOOK_EVERY = 120_000;
const rings = { notices: [], alarms: [] };
let rung = "";
let over = () => false;

const notice = (one) => h("p.notice", null, own(one.text), " ",
  h("a", { href: `#/models/${encodeURIComponent(one.process)}` }, "Look"));

const alarm = (one) => h("p.notice", null, h("strong", null, `Alarm ${one.name}`), ` since ${time(one.since)}. `, own(one.description));

function draw() {
  if (over()) return;
  const { notices, alarms } = rings;
  $("bells").hidden = !notices.length && !alarms.length;
  fill($("bells"), [...alarms.map(alarm), ...notices.map(notice)]);
  const said = [...alarms.map((one) => `Alarm ${one.name}. ${one.description}`), ...notices.map((one) => one.text)].join(" ");
  if (said && said !== rung) announce(said, true);
  rung = said;
}

/** Says what happened to models that somebody has to look at: a view has just learned it. */
export function ring(notices) {
  rings.notices = notices;
  draw();
}

async function look() {
  if (over()) return;
  if (!document.hidden) {
    // What does not answer is asked again, and rings as before.
    const [models, alarms] = await Promise.allSettled([get("/v1/models"), get("/v1/alarms")]);
    if (models.value) rings.notices = models.value.notices;
    if (alarms.value) rings.alarms = alarms.value.items;
    draw();
  }
  setTimeout(look, LOOK_EVERY);
}

/** Looks now and every two minutes, until `ended` says so. */
export function watch(ended) {
  over = ended;
  look();
}
