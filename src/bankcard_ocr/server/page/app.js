// The page: tabs, language, login, and the ways a picture comes in.

import * as api from "./api.js";
import * as camera from "./camera.js";
import { $, announce, tell } from "./dom.js";
import * as operators from "./operators.js";
import * as show from "./show.js";
import { current, failure, t, toggle } from "./texts.js";

const mostBytes = () => Number(document.documentElement.dataset.mostBytes); // of a picture that the server takes
const LONG_SIDE = 2400, LEAST_SIDE = 320; // of a picture as it is kept, and of one that had to be made smaller at least
const DRAWN_ALONE = new Set(["image/avif", "image/heic", "image/heif", "image/jxl"]); // by some browsers, and not read by every server

let waiting = null; // the pictures that were chosen before the login
let loginError = null; // the answer of the last failed login
let isLoggingIn = false;
let again = null; // reads anew what was read last
let turn = 0; // of the picture being read; answers to earlier ones are not shown

/** Reads the pictures of one card, or keeps them until the login; tried again as the same `call`, for it may have been charged. */
async function read(files, call = { key: api.newKey(), sent: null }) {
  stopCamera();
  showReading();
  if (files.length > api.MOST_PICTURES) return say("tooMany", { most: api.MOST_PICTURES });
  if (!api.isLoggedIn()) return wait(files);
  const mine = ++turn;
  again = () => repeat("file", () => read(files, call));
  const lost = (await Promise.all(files.map(isUnreadable))).indexOf(true);
  if (mine !== turn) return;
  if (lost >= 0) return say("fileUnreadable", { name: files[lost].name });
  const names = files.map(({ name }) => name ?? "");
  if (files.some(({ size }) => size > mostBytes())) show.reading(files.map(() => null), names); // it takes seconds, on a phone, to draw it
  const drawn = []; // one after the other: each takes its pixels' room in full for a while
  for (const file of files) {
    drawn.push(await drawable(file));
    if (mine !== turn) return;
  }
  const isDrawn = files.map((_file, at) => drawn[at] !== null && camera.isCanvasTrue());
  const large = files.map(({ size }, at) => size > mostBytes() && isDrawn[at]);
  show.reading(drawn, names, large.includes(true) ? ["tooLarge", { most: Number((mostBytes() / 2 ** 20).toPrecision(3)) }] : null);
  call.sent ??= await Promise.all(files.map((file, at) => (large[at] || (isDrawn[at] && DRAWN_ALONE.has(file.type)) ? jpeg(drawn[at]) : file))); // seconds, on a phone
  if (mine !== turn) return;
  const answer = await api.recognize(call.sent, call.key);
  if (mine === turn) show.answered(answer);
}

/** Comes from the operators' tab, where a picture may have been pasted or dropped, to where it is seen being read. */
function showReading() {
  if (!$("read").hidden) return;
  select($("tab-read"));
  $("tab-read").focus();
}

/** Does the same once more; the button for it goes, and the focus to the one that did it first. */
function repeat(place, what) {
  $(place).focus({ preventScroll: true });
  what();
}

/** Shows a text instead of a picture, and brings it into view or where something is to be done: on a phone one is below, one above. */
function say(key, values, place = "status") {
  turn += 1;
  waiting = null;
  show.nothing([key, values]);
  $(place).scrollIntoView({ block: "nearest" });
}

/** Asks for the login that the pictures wait for, or the camera when there are none. */
function wait(files = waiting) {
  say(files ? "loginFirst" : "loginCamera", {}, "login");
  waiting = files;
  $("appid").focus({ preventScroll: true });
}

/** The picture to draw, of LONG_SIDE pixels at most; null of a PDF, HEIC, TIFF or what is no picture: the server may know. */
async function drawable(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return null;
  const canvas = smaller(bitmap, LONG_SIDE);
  bitmap.close();
  return canvas;
}

/** A copy of `side` pixels at most. */
function smaller(picture, side) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((length) => Math.max(1, Math.round(length * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
  return canvas;
}

/** The picture as a JPEG that the server takes, made smaller as long as it is too large for the server and can be read. */
async function jpeg(canvas) {
  const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9)), side = Math.max(canvas.width, canvas.height);
  return made.size > mostBytes() && side > LEAST_SIDE ? jpeg(smaller(canvas, 0.8 * side)) : made;
}

/** Whether the browser cannot read the file: it is a folder that was dropped, or was deleted. */
const isUnreadable = (file) => file.slice(0, 1).arrayBuffer().then(() => false, () => true);

async function sample() {
  stopCamera();
  const mine = ++turn;
  const picture = await fetch("sample.jpg").then((response) => (response.ok ? response.blob() : null)).catch(() => null);
  if (mine !== turn) return;
  if (picture) read([picture]);
  else say("unreachable");
}

async function live() {
  if (isFilming()) return stopCamera();
  if (!api.isLoggedIn()) return wait();
  const mine = ++turn;
  again = () => repeat("camera", live);
  show.nothing(["reading"]);
  filming(true);
  let last = null;
  const { key, frames } = await camera.start((bitmap, answer) => (last = { bitmap, answer }));
  if (mine !== turn) return; // another picture was chosen, or somebody logged out, while the last frame was read
  filming(false);
  if (!last) return say(key, { frames });
  show.reading([last.bitmap], [""], key ? [key, { frames }] : null);
  show.answered(last.answer);
}

const isFilming = () => !$("video").hidden;

/** Ends the film and hides it; what its last frame comes to is shown later, unless something else is by then. */
function stopCamera() {
  if (!isFilming()) return;
  camera.stop();
  filming(false);
}

function filming(on) {
  for (const id of ["video", "aim", "guide"]) $(id).toggleAttribute("hidden", !on);
  if ($("cameras").contains(document.activeElement)) $("camera").focus({ preventScroll: true });
  if (!on) $("cameras").hidden = true;
  $("camera").textContent = t(on ? "stopCamera" : "camera");
  show.render();
}

async function logIn(event) {
  event.preventDefault();
  if (isLoggingIn) return undefined; // a double click: a wrong secret would count twice
  loggingIn(true);
  const answer = await api.logIn($("appid").value.trim(), $("secret").value);
  loginError = answer.code === 0 ? null : answer;
  $("secret").value = "";
  loggingIn(false);
  if (loginError) return faulty().focus();
  $($("operators").hidden ? "file" : "tab-operators").focus();
  const files = waiting;
  waiting = null;
  if (files) read(files);
  if (!$("operators").hidden) operators.askQuota();
  return undefined;
}

/** Where to mend the failed login; the secret is to be typed anew in any case. */
const faulty = () => $(loginError.code === 40013 ? "appid" : "secret");

/** Shows that a login is on its way; the earlier one's error goes, so that the same one is told again. */
function loggingIn(on) {
  isLoggingIn = on;
  if (on) loginError = null;
  $("log-in").setAttribute("aria-disabled", on);
  render();
}

function logOut() {
  stopCamera();
  turn += 1;
  waiting = again = null;
  api.logOut();
  show.nothing();
  operators.forget();
  $("appid").focus();
}

function select(tab) {
  for (const each of document.querySelectorAll("[role=tab]")) {
    const on = each === tab;
    each.setAttribute("aria-selected", on);
    each.tabIndex = on ? 0 : -1;
    $(each.getAttribute("aria-controls")).hidden = !on;
  }
  if (tab.id !== "tab-operators") return;
  stopCamera();
  operators.render();
  operators.askQuota();
}

/** Everything in the language of now. */
function render() {
  document.documentElement.lang = current() === "zh" ? "zh-CN" : "en";
  for (const each of document.querySelectorAll("[data-t]")) each.textContent = t(each.dataset.t, { most: camera.MOST_FRAMES });
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", t(each.dataset.label));
  $("language").lang = current() === "zh" ? "en" : "zh-CN";
  if (isFilming()) $("camera").textContent = t("stopCamera");
  if (isLoggingIn) $("log-in").textContent = t("loggingIn");
  $("login").hidden = api.isLoggedIn();
  $("logged-in").hidden = !api.isLoggedIn();
  tell($("who"), api.isLoggedIn() ? t("loggedIn", { appid: api.who().appid }) : "");
  for (const field of [$("appid"), $("secret")]) {
    const told = loginError !== null && field === faulty();
    field.setAttribute("aria-invalid", told && [40013, 40125].includes(loginError.code));
    field.setAttribute("aria-describedby", told ? "login-error" : "");
  }
  $("login-error").hidden = loginError === null;
  $("login-error").textContent = loginError === null ? "" : failure(loginError);
}

/** Copies a text and says so, on the button for a while and to screen readers. */
async function copy(button, text) {
  const isCopied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  button.textContent = t(isCopied ? "copied" : "cannotCopy");
  announce(button.textContent);
  setTimeout(() => (button.textContent = t(button.dataset.t)), 2000);
}

const pictures = (items) => [...items].map((item) => (item.kind === "file" ? item.getAsFile() : null)).filter(Boolean);

$("login").addEventListener("submit", logIn);
$("log-out").addEventListener("click", logOut);
$("language").addEventListener("click", toggle);
$("camera").addEventListener("click", live);
$("which").addEventListener("change", ({ target }) => camera.choose(target.value));
$("sample").addEventListener("click", sample);
$("again").addEventListener("click", () => again());
$("file").addEventListener("change", ({ target }) => {
  if (target.files.length) read([...target.files]);
  target.value = "";
});
for (const id of ["show", "reveal"]) $(id).addEventListener("click", show.toggleNumber);
$("copy").addEventListener("click", () => copy($("copy"), show.number()));
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button, $(button.dataset.copy).textContent));
}
$("quota-again").addEventListener("click", operators.askQuota);
$("why").addEventListener("submit", (event) => {
  event.preventDefault();
  operators.askWhy($("rid").value);
});

document.addEventListener("paste", ({ clipboardData }) => {
  const files = pictures(clipboardData.items);
  if (files.length) read(files);
});
/** Whether a drag brings files. Text may go into a field; whatever else is dropped would take the browser to another page. */
const bringsFiles = ({ dataTransfer }) => dataTransfer.types.includes("Files");
const isForField = (event) => !bringsFiles(event) && Boolean(event.target.closest?.("input"));

document.addEventListener("dragover", (event) => {
  if (isForField(event)) return;
  event.preventDefault();
  if (bringsFiles(event)) $("stage").classList.add("over");
  else event.dataTransfer.dropEffect = "none";
});
document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (relatedTarget === null) $("stage").classList.remove("over"); // out of the page, not from one element to another
});
document.addEventListener("drop", (event) => {
  if (isForField(event)) return;
  event.preventDefault();
  $("stage").classList.remove("over");
  const files = pictures(event.dataTransfer.items);
  if (files.length) read(files);
});
$("video").addEventListener("playing", () => $("stage").scrollIntoView({ block: "nearest" })); // on a phone, half of it may be above
document.addEventListener("visibilitychange", () => document.hidden && stopCamera());

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", ({ key }) => {
    if (!["ArrowLeft", "ArrowRight"].includes(key)) return;
    const other = tab.id === "tab-read" ? $("tab-operators") : $("tab-read");
    select(other);
    other.focus();
  });
}

document.addEventListener("session", () => {
  render();
  show.render();
  operators.renderToken();
});
document.addEventListener("log", operators.renderLog);
document.addEventListener("language", () => {
  render();
  show.render();
  operators.render();
});
render();
show.render();
operators.render();
