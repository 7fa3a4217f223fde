// The calls of the API. The secret and the token live in this module's memory and nowhere else.

const session = { appid: "", secret: "", token: "", until: 0 };
let ended = 0; // the sessions that were logged out of; answers still on their way to one of them change nothing

export const log = []; // of this session's calls: {at, path, code, ms, rid}, the newest first
export const MOST_LOGGED = 200;
const PATIENCE_MS = 60_000; // with a server that does not answer

const changed = (name) => document.dispatchEvent(new Event(name));

export const who = () => ({ appid: session.appid, end: session.token.slice(-4), until: session.until });
export const isLoggedIn = () => session.token !== "";

/** Logs in, and answers the server's reply. The stable token leaves the token of the app's own servers alone. */
export async function logIn(appid, secret) {
  const body = { grant_type: "client_credential", appid, secret }, mine = ended;
  const answer = await send("cgi-bin/stable_token", {}, json(body));
  if (answer.code === 0 && mine === ended) {
    Object.assign(session, { appid, secret, token: answer.reply.access_token, until: Date.now() + answer.reply.expires_in * 1000 });
    changed("session");
  }
  return answer;
}

export function logOut() {
  ended += 1;
  Object.assign(session, { appid: "", secret: "", token: "", until: 0 });
  log.length = 0;
  changed("session");
  changed("log");
}

export const MOST_PICTURES = 8; // of one card, in one call

/** The field of the picture at a place. */
export const field = (at) => (at ? `img${at + 1}` : "img");

/** A name for a call that may have to be made again; `crypto.randomUUID` is not there on plain http. */
export const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** The answer to the pictures of one card. A token that is over is fetched anew, once; the same `key` again is not charged again. */
export const recognize = (pictures, key) => {
  const form = new FormData();
  pictures.forEach((picture, at) => form.append(field(at), picture, "card"));
  return withToken("cv/ocr/bankcard", { detail: "1" }, { body: form, headers: key ? { "idempotency-key": key } : {} });
};

/** Today's quota of a path, past days, and what ended its calls. */
export const quota = (path) => withToken("cgi-bin/openapi/quota/get", { detail: "1" }, json({ cgi_path: path }));
export const record = (rid) => withToken("cgi-bin/openapi/rid/get", {}, json({ rid }));

const json = (value) => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } });

async function withToken(path, query, options) {
  const mine = ended;
  const answer = await send(path, { ...query, access_token: session.token }, options);
  if (![40001, 42001].includes(answer.code) || mine !== ended) return answer;
  const renewed = await logIn(session.appid, session.secret);
  if (mine !== ended) return answer;
  return renewed.code === 0 ? send(path, { ...query, access_token: session.token }, options) : renewed;
}

/** A reply's errcode, which some servers are set to send as text; a token's has none. Null for JSON that somebody else sent. */
const codeOf = ({ errcode, access_token: token }) =>
  errcode != null && Number.isFinite(Number(errcode)) ? Number(errcode) : typeof token === "string" ? 0 : null;

/** {code, reply, status, rid, ms, retryAfter}; code null when the server cannot be reached, or a proxy answers with a `status` of its own. */
async function send(path, query, options) {
  const started = performance.now(), mine = ended;
  let code = null, reply = {}, status = 0, rid = "", retryAfter = 0;
  try {
    const response = await fetch(`${path}?${new URLSearchParams(query)}`, { method: "POST", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options });
    status = response.ok ? 0 : response.status;
    const parsed = await response.json();
    reply = parsed !== null && typeof parsed === "object" ? parsed : {};
    rid = response.headers.get("x-rid") ?? "";
    retryAfter = Number(response.headers.get("retry-after") ?? 0);
    code = codeOf(reply);
  } catch {
    code = null;
  }
  const answer = { at: Date.now(), path: `/${path}`, code, reply, status, rid, ms: Math.round(performance.now() - started), retryAfter };
  if (mine !== ended) return answer;
  log.unshift({ at: answer.at, path: answer.path, code, status, rid, ms: answer.ms });
  log.length = Math.min(log.length, MOST_LOGGED);
  changed("log");
  return answer;
}
