// What a reply says, shown: the picture with every field drawn on it, the number, the facts, the request.

import { who } from "./api.js";
import { $, bar, element, pairs } from "./dom.js";
import { has, meaning, percent, t } from "./texts.js";

const SURE = 0.99;
const CORNERS = ["left_top", "right_top", "right_bottom", "left_bottom"];
const INK = { card: "#7fd0c4", number: "#ffc857", digit: "#ffe9b8", low: "#ff8d7d", date: "#9cc7ff", cover: "#101513" };

const shown = { picture: null, answer: null, open: false, note: "" };

/** Shows a picture (or null) that is being read. */
export function reading(picture, note = "") {
  Object.assign(shown, { picture, answer: null, open: false, note });
  render();
  $("status").textContent = t("reading");
}

/** Shows the answer to the picture. */
export function answered(answer) {
  shown.answer = answer;
  render();
}

export function nothing() {
  Object.assign(shown, { picture: null, answer: null, open: false, note: "" });
  render();
}

export function toggleNumber() {
  shown.open = !shown.open;
  render();
}

export const number = () => shown.answer?.reply.number ?? "";

export const mask = (text) => text.slice(0, 6) + "•".repeat(Math.max(0, text.length - 10)) + text.slice(-4);

export const grouped = (text) => text.replace(/(.{4})(?=.)/g, "$1 ");

/** Shows everything again, in the language of now. */
export function render() {
  const { answer, open } = shown;
  const read = answer?.code === 0;
  $("result").hidden = !read;
  $("refusal").hidden = !answer || read;
  $("status").textContent = status();
  if (read) renderReading(answer.reply);
  else if (answer) renderRefusal(answer);
  $("show").setAttribute("aria-pressed", open);
  $("show").textContent = t(open ? "hideNumber" : "showNumber");
  $("copy").textContent = t("copyNumber");
  $("reply").textContent = answer ? JSON.stringify(open ? answer.reply : hidden(answer.reply), null, 2) : t("replyNone");
  renderRequest();
  draw();
}

function status() {
  const { answer, note } = shown;
  if (!answer) return t("nothingYet");
  if (answer.code !== 0) return note;
  const sure = percent(answer.reply.confidence);
  return [t("readIn", { ms: answer.ms, last: answer.reply.number.slice(-4), sure }), note].filter(Boolean).join(" ");
}

function renderReading(reply) {
  $("number").textContent = grouped(shown.open ? reply.number : mask(reply.number));
  $("certainty").replaceChildren(
    ...digits(reply),
    element("p", { class: "measure" }, element("span", { class: "muted" }, t("certainty")), element("strong", {}, percent(reply.confidence))),
    bar(reply.confidence, reply.confidence < SURE ? "meter low" : "meter"),
  );
  $("warnings").replaceChildren(...reply.warnings.map((name) => element("li", {}, has(`w_${name}`) ? t(`w_${name}`) : name)));
  const type = reply.card_type === "unknown" ? "" : has(reply.card_type) ? t(reply.card_type) : reply.card_type;
  $("facts").replaceChildren(
    ...pairs([
      [t("bank"), both(reply)],
      [t("card"), reply.card_name],
      [t("type"), type],
      [t("network"), reply.network],
      [t("validThru"), reply.valid_date],
      [t("issued"), reply.issue_date],
      [t("bin"), reply.bin],
      [t("candidates"), (reply.bin_candidates ?? []).map(both).filter(Boolean).join("; ")],
      [t("table"), reply.bin_table?.date],
    ]),
  );
}

const both = (kind) => [...new Set([kind.bank_name, kind.bank_name_en])].filter(Boolean).join(" · ");

/** One column for each digit with a certainty of its own; none when the reply has no such certainties. */
function digits(reply) {
  const sure = certainties(reply);
  if (sure.length !== reply.number.length) return [];
  const text = shown.open ? reply.number : mask(reply.number);
  return [element("div", { class: "digits" }, ...sure.map((value, at) => {
    const label = t("ofDigit", { place: at + 1, sure: percent(value) });
    return element("span", { title: label, "aria-label": label, role: "img", class: value < SURE ? "low" : "" }, text[at]);
  }))];
}

const certainties = (reply) => (reply.digit_positions ?? []).map((position) => position.confidence).filter((value) => typeof value === "number");

function renderRefusal({ code, reply }) {
  $("refusal-what").textContent = code === null ? t("unreachable") : `${code}`;
  $("refusal-do").textContent = code === null ? "" : meaning(code);
  $("refusal-said").textContent = reply.errmsg ?? "";
}

/** The reply with every whole number masked. */
function hidden(reply) {
  const copy = { ...reply };
  for (const name of ["number", "id"]) if (copy[name]) copy[name] = mask(copy[name]);
  return copy;
}

function renderRequest() {
  const base = new URL(".", location.href).href;
  const appid = who().appid || "APPID";
  $("curl").textContent = [
    `TOKEN=$(curl -s -d '{"grant_type": "client_credential", "appid": "${appid}", "secret": "'"$SECRET"'"}' \\`,
    `  -H 'content-type: application/json' ${base}cgi-bin/stable_token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `curl -F img=@card.jpg "${base}cv/ocr/bankcard?detail=1&access_token=$TOKEN"`,
  ].join("\n");
  $("python").textContent = [
    "import os",
    "import requests",
    "",
    `login = {"grant_type": "client_credential", "appid": "${appid}", "secret": os.environ["SECRET"]}`,
    `token = requests.post("${base}cgi-bin/stable_token", json=login, timeout=10).json()["access_token"]`,
    'with open("card.jpg", "rb") as picture:',
    "    reply = requests.post(",
    `        "${base}cv/ocr/bankcard",`,
    '        params={"detail": "1", "access_token": token},',
    '        files={"img": picture},',
    "        timeout=10,",
    "    ).json()",
    'print(reply["errcode"], reply.get("number"), reply["errmsg"])',
  ].join("\n");
}

/** Draws the picture and what the reply located; while the number is hidden its middle is covered. */
function draw() {
  const { picture, answer, open } = shown;
  const canvas = $("canvas");
  canvas.hidden = !picture;
  $("drop").hidden = Boolean(picture) || !$("video").hidden;
  $("stage").classList.toggle("full", $("drop").hidden);
  if (!picture) return;
  const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.setAttribute("aria-label", t(open ? "canvasOpen" : "canvas"));
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (answer?.code === 0) drawFields(pen, answer.reply, canvas.width / answer.reply.img_size.w, canvas.width / 320, open);
}

function drawFields(pen, reply, scale, width, open) {
  const quad = (position) => CORNERS.map((name) => [position.pos[name].x * scale, position.pos[name].y * scale]);
  const outline = (position, ink, thick) => position && stroke(pen, quad(position), ink, thick);
  const line = quad(reply.number_position);
  const places = reply.digit_positions.length === reply.number.length ? reply.digit_positions.map(quad) : split(line, reply.number.length);
  if (!open) cover(pen, places.slice(6, -4));
  const sure = certainties(reply);
  outline(reply.card_position, INK.card, width);
  if (reply.digit_positions.length) places.forEach((place, at) => stroke(pen, place, sure[at] < SURE ? INK.low : INK.digit, width / 2));
  stroke(pen, line, INK.number, width);
  outline(reply.valid_date_position, INK.date, width);
  outline(reply.issue_date_position, INK.date, width);
}

function split([tl, tr, br, bl], parts) {
  const between = (a, b, share) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
  const cut = (at) => [between(tl, tr, at / parts), between(bl, br, at / parts)];
  return Array.from({ length: parts }, (_, at) => [cut(at)[0], cut(at + 1)[0], cut(at + 1)[1], cut(at)[1]]);
}

function path(pen, points) {
  pen.beginPath();
  points.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

function stroke(pen, points, ink, thick) {
  path(pen, points);
  pen.lineJoin = "round";
  pen.lineWidth = Math.max(1.5, thick);
  pen.strokeStyle = ink;
  pen.stroke();
}

/** Covers the digits at `places` with one band, wider than they are, for places are cut close. */
function cover(pen, places) {
  const [first, last] = [places[0], places[places.length - 1]];
  const high = Math.hypot(first[3][0] - first[0][0], first[3][1] - first[0][1]);
  path(pen, [first[0], last[1], last[2], first[3]]);
  pen.fillStyle = pen.strokeStyle = INK.cover;
  pen.lineJoin = "round";
  pen.lineWidth = high * 0.4;
  pen.fill();
  pen.stroke();
}
