// The operators' tab: the token, the quota of today and past days, what ended calls, what became of one.

import { isLoggedIn, log, quota, record, who } from "./api.js";
import { $, announce, bar, bars, element, pairs } from "./dom.js";
import { causeAlone, clock, clockWithSeconds, current, dateAndTime, failure, joined, listed, meaning, noReply, t } from "./texts.js";

const PATHS = [["quotaRead", "/cv/ocr/bankcard"], ["quotaToken", "/cgi-bin/token"]];
const DAYS = 14;
const DAY_MS = 86_400_000;

let quotas = []; // [text key, answer] of PATHS
let asked = null; // the answer about a rid
const turn = { quota: 0, record: 0 }; // answers to earlier questions, or to those of before a log out, are not shown

/** Asks for the quotas, past days and what ended calls, and shows them. */
export async function askQuota() {
  const mine = ++turn.quota, found = [];
  if (!isLoggedIn()) return;
  renderQuota();
  for (const [key, path] of PATHS) {
    found.push([key, await quota(path)]);
    if (mine !== turn.quota) return;
  }
  quotas = found;
  renderQuota();
  announce(listed(quotas.map(([key, answer]) => `${t(key)}${t("colon")} ${amount(answer)}`), "semicolon"));
}

/** Asks what became of the call `rid` and shows it. */
export async function askWhy(rid) {
  const mine = ++turn.record;
  $("rid").value = rid;
  const answer = isLoggedIn() ? await record(rid.trim().toLowerCase()) : null;
  if (mine !== turn.record) return;
  asked = answer;
  renderRecord();
  if (!answer) $("record").replaceChildren(logInFirst());
  $("record").focus(); // the button that asked may be gone by now, and the answer is what to read next
}

export function forget() {
  turn.quota += 1;
  turn.record += 1;
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
  const list = [[t("tokenApp"), appid], [t("tokenEnds"), `…${end}`], [t("tokenUntil"), joined(clock(until), left)]];
  $("token").replaceChildren(isLoggedIn() ? element("dl", {}, ...pairs(list)) : logInFirst());
}

const muted = (text) => element("p", { class: "muted" }, text);
const logInFirst = () => muted(t("notLoggedIn"));

function renderQuota() {
  const shown = quotas.map(([key, answer]) => (answer.code === 0 ? used(t(key), answer) : measure(t(key), amount(answer))));
  const [, first] = quotas[0] ?? [], { history, calls } = first?.reply ?? {};
  const why = () => (first ? muted(failure(first)) : isLoggedIn() ? muted(t("asking")) : logInFirst()); // nothing is shown
  $("quota").replaceChildren(...(shown.length ? shown : [why()]));
  $("days").replaceChildren(history ? days(history) : why());
  $("ends").replaceChildren(...(calls ? ends(calls) : [why()]));
  $("quota-again").disabled = !isLoggedIn();
}

const measure = (name, text) => element("p", { class: "measure" }, element("span", { class: "muted" }, name), element("strong", {}, text));

/** How much of a quota is used, or why nobody knows. */
const amount = (answer) => (answer.code === 0 ? t("quotaUsed", answer.reply.quota) : failure(answer));

function used(name, answer) {
  const { used: count, daily_limit: limit, remain } = answer.reply.quota;
  return element("div", { class: "quota" }, measure(name, amount(answer)), bar(count / Math.max(1, limit), remain ? "meter" : "meter low"));
}

/** A column for each of the last days in Beijing, today the last. */
function days(history) {
  const names = Array.from({ length: DAYS }, (_, at) => new Date(Date.now() + 8 * 3_600_000 - (DAYS - 1 - at) * DAY_MS).toISOString().slice(0, 10));
  const most = Math.max(1, ...names.map((name) => history[name] ?? 0));
  const columns = names.map((name) => {
    const count = history[name] ?? 0;
    const column = element("div", { class: "column" });
    column.style.height = `${(100 * count) / most}%`;
    return element("div", { class: "day", title: `${name}: ${count}` }, element("span", { class: "small" }, count ? brief(count) : ""), column, element("span", { class: "small muted" }, String(Number(name.slice(8)))));
  });
  const all = listed(names.filter((name) => history[name]).map((name) => `${name}${t("colon")} ${history[name]}`)) || "0";
  return element("div", { class: "days", role: "img", "aria-label": t("daysChart", { all }) }, ...columns);
}

const brief = (count) => new Intl.NumberFormat(current(), { notation: "compact" }).format(count);

/** A bar for each cause that ended calls. */
function ends({ since, count, causes }) {
  if (!count) return [muted(t("noCalls"))];
  const list = new Map(); // causes that read the same are one
  for (const { errcode, cause, count: times } of causes) {
    const text = causeAlone(errcode, cause), key = `${errcode} ${text}`;
    list.set(key, { name: String(errcode), text, count: times + (list.get(key)?.count ?? 0), good: errcode === 0 });
  }
  return [bars([...list.values()].sort((a, b) => b.count - a.count)), element("p", { class: "muted small" }, t("endsSince", { count, time: dateAndTime(since * 1000) }))];
}

/** Shows the calls anew; the keyboard's focus stays at the call where it was, as long as that is shown. */
export function renderLog() {
  const at = $("replies").contains(document.activeElement) && document.activeElement.dataset.rid;
  $("replies").replaceChildren(log.length ? table(log) : muted(t("noReplies")));
  if (at) ($("replies").querySelector(`[data-rid="${at}"]`) ?? $("replies")).focus({ preventScroll: true });
}

function table(rows) {
  const head = ["time", "call", "code", "meaning", "took", "record"].map((key) => element("th", { scope: "col" }, t(key)));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows.map(row)));
}

function row({ at, path, code, status, ms, rid }) {
  const why = rid ? element("button", { "data-rid": rid, "aria-label": `${t("why")} ${rid}`, onclick: () => askWhy(rid) }, t("why")) : "";
  const told = code === null ? noReply({ status }) : meaning(code).split(/[.。]/)[0];
  return element("tr", {}, ...[clockWithSeconds(at), path, code === null ? "—" : String(code), told, String(ms)].map((text) => element("td", { class: "num" }, text)), element("td", {}, why));
}

function renderRecord() {
  if (!asked) return $("record").replaceChildren();
  if (asked.code !== 0) return $("record").replaceChildren(element("p", { class: "error" }, failure(asked)));
  const { request } = asked.reply;
  const list = [
    [t("at"), dateAndTime(request.invoke_time * 1000)],
    [t("cost"), `${request.cost_in_ms} ms`],
    [t("request"), request.request_url],
    [t("sent"), request.request_body],
    [t("answered"), request.response_body],
    [t("from"), request.client_ip],
  ];
  return $("record").replaceChildren(element("dl", {}, ...pairs(list)));
}
