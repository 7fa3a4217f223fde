// The operators' tab: the token, today's quota, this session's replies, what became of a call.

import { isLoggedIn, log, quota, record, who } from "./api.js";
import { $, bar, element, pairs, svg } from "./dom.js";
import { clock, meaning, t } from "./texts.js";

const PATHS = [["quotaRead", "/cv/ocr/bankcard"], ["quotaToken", "/cgi-bin/token"]];
const MOST_ROWS = 12;

let quotas = []; // [text key, answer] of PATHS
let asked = null; // the answer about a rid

/** Asks for today's quota and shows it. */
export async function askQuota() {
  quotas = [];
  if (isLoggedIn()) for (const [key, path] of PATHS) quotas.push([key, await quota(path)]);
  renderQuota();
}

/** Asks what became of the call `rid` and shows it. */
export async function askWhy(rid) {
  $("rid").value = rid;
  asked = await record(rid.trim().toLowerCase());
  renderRecord();
}

export function forget() {
  quotas = [];
  asked = null;
  render();
}

/** Shows everything again, in the language of now. */
export function render() {
  renderToken();
  renderQuota();
  renderLog();
  renderRecord();
}

export function renderToken() {
  const { appid, end, until } = who();
  const left = t("tokenLeft", { minutes: Math.max(0, Math.floor((until - Date.now()) / 60000)) });
  const list = isLoggedIn() ? [[t("tokenApp"), appid], [t("tokenEnds"), `…${end}`], [t("tokenUntil"), `${clock(until)} (${left})`]] : [["", t("notLoggedIn")]];
  $("token").replaceChildren(...pairs(list));
}

function renderQuota() {
  const shown = quotas.map(([key, { code, reply }]) =>
    code === 0
      ? element("div", {}, measure(t(key), t("quotaUsed", { ...reply.quota, limit: reply.quota.daily_limit })), bar(reply.quota.used / Math.max(1, reply.quota.daily_limit), reply.quota.remain ? "meter" : "meter low"), element("p"))
      : measure(t(key), code === null ? t("unreachable") : meaning(code)),
  );
  $("quota").replaceChildren(...(shown.length ? shown : [element("p", { class: "muted" }, t("notLoggedIn"))]));
  $("quota-again").disabled = !isLoggedIn();
}

const measure = (name, text) => element("p", { class: "measure" }, element("span", { class: "muted" }, name), element("strong", {}, text));

export function renderLog() {
  const counts = new Map();
  for (const { code } of log) counts.set(code, (counts.get(code) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  $("chart").replaceChildren(...(sorted.length ? [chart(sorted)] : []));
  $("replies").replaceChildren(log.length ? table(log.slice(0, MOST_ROWS)) : element("p", { class: "muted" }, t("noReplies")));
}

const named = (code) => (code === null ? "—" : String(code));

function chart(counts) {
  const most = Math.max(...counts.map(([, count]) => count));
  const all = counts.map(([code, count]) => `${named(code)}: ${count}`).join(", ");
  const rows = counts.flatMap(([code, count], at) => [
    svg("text", { x: 62, y: 30 * at + 20, "text-anchor": "end" }, named(code)),
    svg("rect", { x: 74, y: 30 * at + 7, width: 400, height: 18, rx: 5, class: "rail" }),
    svg("rect", { x: 74, y: 30 * at + 7, width: (400 * count) / most, height: 18, rx: 5, class: code === 0 ? "good" : "bad" }),
    svg("text", { x: 486, y: 30 * at + 20 }, String(count)),
  ]);
  return svg("svg", { class: "chart", viewBox: `0 0 520 ${30 * counts.length + 4}`, role: "img", "aria-label": t("chart", { all }) }, ...rows);
}

function table(rows) {
  const head = ["time", "call", "code", "meaning", "took", "rid"].map((key) => element("th", { scope: "col" }, key === "rid" ? "rid" : t(key)));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows.map(row)));
}

function row({ at, path, code, ms, rid }) {
  const why = rid ? element("button", { "aria-label": `${t("why")} ${rid}`, onclick: () => askWhy(rid).then(() => $("record").scrollIntoView({ block: "nearest" })) }, t("why")) : "";
  const time = new Date(at).toLocaleTimeString([], { hour12: false });
  return element("tr", {}, ...[time, path, named(code), code === null ? t("unreachable") : meaning(code).split(/[.。]/)[0], String(ms)].map((text) => element("td", { class: "num" }, text)), element("td", {}, why));
}

function renderRecord() {
  if (!asked) return $("record").replaceChildren();
  if (asked.code !== 0) return $("record").replaceChildren(element("p", { class: "error" }, asked.code === null ? t("unreachable") : `${asked.code}: ${meaning(asked.code)}`));
  const { request } = asked.reply;
  const list = [
    [t("at"), new Date(request.invoke_time * 1000).toLocaleString()],
    [t("cost"), `${request.cost_in_ms} ms`],
    [t("request"), request.request_url],
    [t("sent"), request.request_body],
    [t("answered"), request.response_body],
    [t("from"), request.client_ip],
  ];
  return $("record").replaceChildren(element("dl", {}, ...pairs(list)));
}
