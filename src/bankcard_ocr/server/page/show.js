// What a reply says, shown: the drawing and its legend, the number, the facts, every card, the request.

import { field, who } from "./api.js";
import { $, announce, bar, element, pairs, tell } from "./dom.js";
import { certainties, draw, isCoverable, isHidden, kinds, SURE, UNSURE } from "./draw.js";
import { cause, causeAlone, current, has, isWorthAnother, isWorthRepeating, joined, listed, percent, refusal, t } from "./texts.js";

const NOTHING = { pictures: [], names: [], answer: null, open: false, note: null }; // note: a text and its values
const shown = { ...NOTHING };

/** Shows the pictures that are being read, each null where the browser cannot show it, by their names then. */
export function reading(pictures, names, note = null) {
  Object.assign(shown, { ...NOTHING, pictures, names, note });
  render();
  $("busy").scrollIntoView({ block: "nearest" }); // on a phone the status is below the picture
}

/** Shows the answer to the picture. */
export function answered(answer) {
  shown.answer = answer;
  render();
  announce(said(answer));
  $(answer.code === 0 ? "number" : "refusal-what").scrollIntoView({ block: "nearest" }); // on a phone it is below the picture
}

export function nothing(note = null) {
  Object.assign(shown, { ...NOTHING, note });
  render();
  announce("");
}

export function toggleNumber() {
  shown.open = !shown.open;
  render();
  if (isNumber(number())) announce(spoken(seen(number())));
}

export const number = () => shown.answer?.reply.number ?? "";

const isNumber = (text) => /^[\d*]{12,19}$/.test(text); // an app may be given a fingerprint or an encrypted text instead

export const mask = (text) => [...text].map((digit, at) => (isHidden(at, text.length) ? "•" : digit)).join("");

/** The digits spaced as cards print them. */
export function grouped(text) {
  const sizes = { 14: [4, 6, 4], 15: [4, 6, 5] }[text.length] ?? [4, 4, 4, 4, 4];
  let at = 0;
  return sizes.map((size) => text.slice(at, (at += size))).filter(Boolean).join(" ");
}

const seen = (text) => (isNumber(text) ? grouped(shown.open ? text : mask(text)) : text);

/** A number to be said: digit by digit, for voices make thousands of four of them and nothing of what is hidden. */
const spoken = (text) => listed(text.match(/[•*][•* ]*|\d+/g).map((part) => (/\d/.test(part) ? [...part].join(" ") : t("hiddenDigits", { count: part.replaceAll(" ", "").length }))));

/** A number as it is seen, which is said digit by digit. */
const numeral = (text) => (isNumber(text) ? element("span", { role: "img", "aria-label": spoken(seen(text)) }, seen(text)) : text);

/** Shows everything again, in the language of now. */
export function render() {
  const { answer, open } = shown;
  const read = answer?.code === 0;
  $("result").hidden = !read;
  $("refusal").hidden = !answer || read;
  $("tips").hidden = Boolean(answer) && !isWorthAnother(answer);
  tell($("status"), status());
  if (read) renderReading(answer.reply);
  else if (answer) renderRefusal(answer);
  const plain = read && /^\d+$/.test(answer.reply.number);
  $("show").hidden = !plain && (isCoverable(answer?.reply) || !shown.pictures.some(Boolean)); // where no number is to be shown, a coarse picture may be
  $("show").textContent = t(plain ? (open ? "hideNumber" : "showNumber") : open ? "hidePicture" : "showPicture");
  $("copy").textContent = t("copyNumber");
  $("reply").textContent = answer ? JSON.stringify(open ? answer.reply : hidden(answer.reply), null, 2) : t("replyNone");
  renderRequest();
  renderPicture(answer?.reply.img_size ? answer.reply : null);
}

function status() {
  const { pictures, answer } = shown, note = shown.note ? t(...shown.note) : "";
  if (!answer) return pictures.length ? t("reading") : note || t("nothingYet");
  if (answer.code !== 0) return note;
  const sure = percent(answer.reply.confidence);
  const { number } = answer.reply;
  return joined(t(isNumber(number) ? "readIn" : "readOther", { ms: answer.ms, last: number.slice(-4), sure }), note);
}

/** What there is to say of an answer, beside the status. */
function said({ code, reply }) {
  const number = code === 0 && isNumber(reply.number) ? spoken(seen(reply.number)) : "";
  const warned = warnings(reply).length ? `${t("warnings")}${t("colon")} ${listed(warnings(reply))}` : "";
  const all = listed([number, warned].filter(Boolean), "semicolon");
  return code === 0 ? all : joined(refusal(shown.answer), cause(reply.errmsg ?? ""), all);
}

function renderReading(reply) {
  $("number").replaceChildren(numeral(reply.number));
  $("certainty").replaceChildren(
    ...digits(reply),
    element("p", { class: "measure" }, element("span", { class: "muted" }, t("certainty")), element("strong", {}, percent(reply.confidence))),
    bar(reply.confidence, reply.confidence < SURE ? "meter low" : "meter"),
  );
  $("warnings").replaceChildren(...chips(reply));
  $("facts").replaceChildren(
    ...pairs([
      [t("bank"), both(reply)],
      [t("card"), reply.card_name],
      [t("type"), reply.card_type === "unknown" ? "" : named(reply.card_type, reply.card_type)],
      [t("network"), named(`n_${reply.network}`, reply.network)],
      [t("holder"), reply.holder_name],
      [t("validThru"), reply.valid_date],
      [t("issued"), reply.issue_date],
      [t("bin"), shown.open ? reply.bin : shownBin(reply)],
      [t("candidates"), listed((reply.bin_candidates ?? []).map(both).filter(Boolean), "semicolon")],
      [t("table"), reply.bin_table?.date],
    ]),
  );
  const cards = reply.cards ?? [];
  $("all-cards").hidden = cards.length < 2;
  $("cards").replaceChildren(...cards.map((card) => element("li", {}, card.number ? numeral(card.number) : causeAlone(101001, card.refusal ?? ""))));
}

const warnings = (reply) => (reply.warnings ?? []).map((name) => named(`w_${name}`, name));

const chips = (reply) => warnings(reply).map((text) => element("li", {}, text));

const named = (key, otherwise) => (has(key) ? t(key) : otherwise);

/** The bank's name in the language of now, and in the other. */
const both = ({ bank_name: zh, bank_name_en: en }) => [...new Set(current() === "zh" ? [zh, en] : [en, zh])].filter(Boolean).join(" · ");

/** One column for each digit with a certainty of its own; none when the reply has no such certainties. */
function digits(reply) {
  const sure = certainties(reply);
  if (sure.length !== reply.number.length) return [];
  const text = shown.open ? reply.number : mask(reply.number);
  const all = sure.map((value, at) => t("ofDigit", { place: at + 1, sure: percent(value) }));
  const columns = sure.map((value, at) => element("span", { title: all[at], class: value < UNSURE ? "low" : "" }, text[at]));
  return [element("div", { class: "digits", role: "img", "aria-label": joined(t("ofDigits"), listed(all)) }, ...columns)];
}

function renderRefusal(answer) {
  const { code, reply } = answer;
  $("refusal-what").textContent = refusal(answer);
  $("refusal-do").textContent = cause(reply.errmsg ?? "");
  $("refusal-warnings").replaceChildren(...chips(reply));
  $("again").hidden = !isWorthRepeating(answer);
  $("reveal").hidden = !shown.pictures.some(Boolean);
  $("reveal").textContent = t(shown.open ? "hidePicture" : "showPicture");
  $("refusal-said").textContent = code === null ? "" : `${code} ${reply.errmsg ?? ""}`;
}

/** As many of the bank's digits as a masked number shows of them. */
export const shownBin = ({ bin, number }) => bin && [...bin].filter((_, at) => at < 6 && !(isNumber(number) && isHidden(at, number.length))).join("");

/** The reply with every number in it masked, at any depth, and no more of its beginning than a masked number has. */
function hidden(value) {
  if (Array.isArray(value)) return value.map(hidden);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === "bin" ? shownBin(value) : hidden(each)]));
  return typeof value === "string" && /^\d{12,}$/.test(value) ? mask(value) : value;
}

function renderRequest() {
  const base = new URL(".", location.href).href;
  const appid = who().appid || "APPID";
  const pictures = shown.pictures.length ? shown.pictures : [null];
  const files = pictures.map((_, at) => [field(at), `card${at ? at + 1 : ""}.jpg`]);
  $("curl").textContent = [
    "# export SECRET=…",
    `REPLY=$(curl -s ${base}cgi-bin/stable_token -H 'content-type: application/json' \\`,
    `  -d '{"grant_type": "client_credential", "appid": "${appid}", "secret": "'"$SECRET"'"}')`,
    `TOKEN=$(echo "$REPLY" | sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')`,
    `if [ -z "$TOKEN" ]; then echo "$REPLY"; else`,
    `  curl -s ${files.map(([name, path]) => `-F ${name}=@${path}`).join(" ")} \\`,
    `    "${base}cv/ocr/bankcard?detail=1&access_token=$TOKEN"`,
    "fi",
  ].join("\n");
  $("python").textContent = [
    "import os",
    "from pathlib import Path",
    "",
    "import requests",
    "",
    `base = "${base}"`,
    `login = {"grant_type": "client_credential", "appid": "${appid}", "secret": os.environ["SECRET"]}`,
    'granted = requests.post(base + "cgi-bin/stable_token", json=login, timeout=10).json()',
    'if "access_token" not in granted:',
    "    raise SystemExit(granted)",
    "reply = requests.post(",
    '    base + "cv/ocr/bankcard",',
    '    params={"detail": "1", "access_token": granted["access_token"]},',
    "    files={",
    ...files.map(([name, path]) => `        "${name}": Path("${path}").read_bytes(),`),
    "    },",
    "    timeout=10,",
    ").json()",
    'print(reply["errcode"], reply.get("number"), reply["errmsg"])',
  ].join("\n");
}

function renderPicture(reply) {
  const { pictures, names, open } = shown;
  const at = reply?.picture ?? 0, picture = pictures[at] ?? null;
  $("busy").hidden = Boolean(shown.answer) || !pictures.length;
  $("canvas").hidden = !picture;
  $("drop").hidden = Boolean(picture) || !$("video").hidden;
  $("drop-name").textContent = picture ? "" : names[at] ?? "";
  $("stage").classList.toggle("full", $("drop").hidden);
  $("legend").replaceChildren(...(picture && reply ? kinds(reply) : []).map((name) => element("li", { class: `ink-${name}` }, t(`l_${name}`))));
  if (!picture) return;
  $("canvas").setAttribute("aria-label", t(!reply || (!open && !isCoverable(reply)) ? "canvasPlain" : open ? "canvasOpen" : "canvas"));
  draw($("canvas"), picture, reply, open);
}
