// Who is here: authorization code with PKCE. The token is in memory only; sessionStorage holds the
// verifier while the browser is away at the sign-in page, and nothing before or after.

const TRIP = "winnow.sign-in";
const CHANNEL = "winnow.sign-in";
const SLACK = 60_000;

export const config = JSON.parse(document.getElementById("config")?.textContent || "{}");

let token = null;
let refreshToken = null;
let expires = 0;

export function signedIn() {
  return token !== null;
}

/** The token for a request, a fresh one where the old one is about to expire. */
export async function bearer() {
  if (token && refreshToken && Date.now() > expires - SLACK) await renew();
  return token;
}

/** Asks for a new token; false where only the person can sign in again. */
export async function renew() {
  if (!refreshToken) return false;
  try {
    return await ask({ grant_type: "refresh_token", refresh_token: refreshToken });
  } catch {
    return false;
  }
}

/** Leaves for the sign-in page, which comes back to `route`. */
export async function signIn(route = location.hash) {
  const { address, trip } = await prepare(route);
  sessionStorage.setItem(TRIP, JSON.stringify(trip));
  location.assign(address);
}

/** Signs in beside this page, which keeps what it has not sent; `may` says of a token whether it is taken. */
export async function signInElsewhere(may) {
  const { address, trip } = await prepare("", "tab.");
  const channel = new BroadcastChannel(CHANNEL);
  const opened = new Promise((resolve) => {
    channel.onmessage = async ({ data }) => {
      if (data?.state !== trip.state) return;
      channel.close();
      resolve(await exchange(data.code, trip.verifier, may).catch(() => false));
    };
  });
  window.open(address, "_blank", "noopener");
  return opened;
}

/** Ends the trip, if this is the way back from it. Returns the route to go on with. */
export async function comeBack() {
  const query = new URLSearchParams(location.search);
  if (location.pathname !== "/signed-in") return null;
  const code = query.get("code");
  const state = query.get("state");
  // The code is used up at once, and must not stay in the history.
  history.replaceState(null, "", "/");
  if (state?.startsWith("tab.")) {
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage({ code, state });
    return { elsewhere: true };
  }
  const stored = sessionStorage.getItem(TRIP);
  sessionStorage.removeItem(TRIP);
  const trip = stored && JSON.parse(stored);
  if (!trip || trip.state !== state || !code) {
    return { failed: query.get("error_description") ?? query.get("error") ?? "The sign-in was not begun here." };
  }
  if (!(await exchange(code, trip.verifier))) return { failed: "The sign-in was refused." };
  return { route: trip.route };
}

/** Forgets who was here. Where the pool has a session, its end is asked for. */
export function forget() {
  token = refreshToken = null;
  expires = 0;
}

/** The address that ends the pool's session, or null. */
export function goodbye() {
  if (!config.logout || config.local) return null;
  const query = new URLSearchParams({ client_id: config.client, logout_uri: `${location.origin}/` });
  return `${config.logout}?${query}`;
}

async function prepare(route, prefix = "") {
  const verifier = random(48);
  const trip = { verifier, state: prefix + random(16), route };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.client,
    redirect_uri: `${location.origin}/signed-in`,
    scope: config.scope ?? "openid",
    state: trip.state,
    code_challenge: base64(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  return { address: `${config.authorize}?${query}`, trip };
}

function exchange(code, verifier, may) {
  return ask({
    grant_type: "authorization_code",
    code,
    code_verifier: verifier,
    redirect_uri: `${location.origin}/signed-in`,
  }, may);
}

async function ask(fields, may) {
  const answer = await fetch(config.token, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ client_id: config.client, ...fields }),
    cache: "no-store",
    credentials: "omit",
  });
  if (!answer.ok) return false;
  const tokens = await answer.json();
  if (may && !(await may(tokens.access_token))) return false;
  token = tokens.access_token;
  refreshToken = tokens.refresh_token ?? refreshToken;
  expires = Date.now() + (tokens.expires_in ?? 3600) * 1000;
  return true;
}

function random(bytes) {
  return base64(crypto.getRandomValues(new Uint8Array(bytes)));
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
