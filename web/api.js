// Requests to the API of this origin, and its problem documents as errors.

import { bearer, renew } from "./auth.js";

/** What went wrong: a problem document (RFC 9457), or no answer at all. */
export class Problem extends Error {
  constructor(status, body = {}, after = undefined) {
    super(body.detail || body.title || `The request failed (${status || "no network"}).`);
    this.status = status;
    this.code = body.code ?? null;
    this.hint = body.hint ?? null;
    this.id = body.instance ?? null;
    this.body = body;
    this.after = after;
    // No network, not signed in, too many requests, or the server's own trouble: later it may work.
    this.retry = status === 0 || status === 401 || status === 408 || status === 429 || status >= 500
      || body.code === "request_in_progress";
  }

  get offline() {
    return this.status === 0;
  }
}

let onSignedOut = () => {};

/** What to do when the sign-in has ended and cannot be renewed. */
export function whenSignedOut(run) {
  onSignedOut = run;
}

async function request(method, path, { body, key, keepalive, token, again = true } = {}) {
  const headers = { Accept: "application/json" };
  const given = token ?? await bearer();
  if (given) headers.Authorization = `Bearer ${given}`;
  if (method === "POST") {
    headers["Content-Type"] = "application/json";
    headers["Winnow-Through"] = "page";
    headers["Idempotency-Key"] = key ?? crypto.randomUUID();
  }
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      keepalive,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch {
    throw new Problem(0, { title: "No network", detail: "The server cannot be reached." });
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && again && (await renew())) {
    return request(method, path, { body, key, keepalive, again: false });
  }
  if (answer.status === 401) onSignedOut();
  const problem = await answer.json().catch(() => ({}));
  const after = Number(answer.headers.get("Retry-After")) * 1000 || undefined;
  throw new Problem(answer.status, problem, after);
}

/** What an answer says. One that was cut off on its way may have been heeded: it is asked for again. */
async function read(answer) {
  try {
    return await answer.json();
  } catch {
    throw new Problem(0, { detail: "The answer was cut off." });
  }
}

export async function get(path, query = {}) {
  return read(await request("GET", address(path, query)));
}

/** Who a token is of: somebody has just signed in. */
export async function whoHas(token) {
  return (await read(await request("GET", "/v1/me", { token, again: false }))).user;
}

export async function post(path, body, options = {}) {
  const answer = await request("POST", path, { ...options, body });
  return answer.status === 204 ? {} : read(answer);
}

export async function remove(path) {
  return read(await request("DELETE", path));
}

/** Sends something while the page goes away; nobody waits for the answer. */
export function farewell(path, body, key = undefined) {
  request("POST", path, { body, key, keepalive: true, again: false }).catch(() => {});
}

/** All parts of the export: of each process one CSV, in pieces; and how many records are left out. */
export async function download(path, query = {}) {
  const parts = [];
  let cursor = null;
  let gone = 0;
  do {
    const answer = await request("GET", address(path, { ...query, cursor }));
    parts.push(await answer.text());
    cursor = answer.headers.get("Winnow-Cursor");
    gone += Number(answer.headers.get("Winnow-Gone") ?? 0);
  } while (cursor);
  return { files: (await import("./csv.js")).byProcess(parts), gone };
}

/** One part of a path. */
export function part(id) {
  return encodeURIComponent(String(id));
}

function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

