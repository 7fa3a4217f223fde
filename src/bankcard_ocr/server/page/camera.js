// The live camera: frames are read one after the other; it stops by itself when they agree surely enough.

import { recognize } from "./api.js";
import { $, element, tell } from "./dom.js";
import { isWorthAnother, t } from "./texts.js";

export const MOST_FRAMES = 40; // each is charged, so a camera left on must not use the day up
const SURE = 0.99;
const ENOUGH = 9.2; // nats of frames that agree, as if each were a look of its own: two at 0.99, four at 0.9
const PAUSE_MS = 150;
const MOST_SKIPPED = 3; // looks in a row that keep a frame from being sent; they are advice, the server decides
const LOOK = { width: 320, height: 240 };
const DARK = 35, BLURRED = 12, MOVING = 14, GLARE = 0.03; // of luminance 0 to 255, by eye on indoor pictures
const SMALL = 0.35; // of the frame's width, a number line narrower than this reads better from nearer
const MOST_FAULTS = 10; // in a row, after which the server is not merely busy
const LATER = new Set([-1, 45011]);

let running = null;
let chosen = ""; // the id of the camera to film with, for as long as the page is open; none: one that looks away from the person

/** Runs until certain, stopped or refused; `onFrame(bitmap, answer)` is told of each frame read. Answers {key, frames}: why it ended. */
export async function start(onFrame) {
  if (!navigator.mediaDevices?.getUserMedia) return { key: "noCamera", frames: 0 };
  if (!isCanvasTrue()) return { key: "noCanvas", frames: 0 };
  const run = (running = { frames: 0, key: null, camera: "", stream: null, wake: null });
  guide("g_ask");
  try {
    await open(run);
    if (run.key === null) end(run, await frames(run, onFrame));
  } catch ({ name }) {
    if (run.key === null) chosen = "";
    end(run, !["NotFoundError", "OverconstrainedError"].includes(name) ? "cameraDenied" : run.camera ? "g_lost" : "cameraMissing");
  } finally {
    release(run); // also of a stream that was granted after the end
  }
  return { key: run.key, frames: run.frames };
}

/** Lets go of the camera at once; the frame that is being read is still counted. */
export function stop() {
  if (running) end(running, "g_off");
}

/** Films with the camera of this id from now on. */
export function choose(id) {
  chosen = id;
  running?.wake?.();
}

/** Ends a run for the reason that the text `key` tells. The first reason counts. */
function end(run, key) {
  run.key ??= key;
  run.wake?.();
  release(run);
  if (running !== run) return;
  running = null;
  $("video").srcObject = null;
}

const release = (run) => run.stream?.getTracks().forEach((track) => track.stop());

/** Films with the camera that was chosen; the one of before is let go of first, for a phone opens one at a time. */
async function open(run) {
  release(run);
  run.camera = chosen;
  const which = chosen ? { deviceId: { exact: chosen } } : { facingMode: { ideal: "environment" } };
  run.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, width: { ideal: 1920 }, height: { ideal: 1080 } } });
  if (run.key !== null) return;
  const [track] = run.stream.getVideoTracks();
  track.addEventListener("ended", () => end(run, "g_lost")); // unplugged or taken away; `stop` raises no such event
  $("video").srcObject = run.stream;
  await $("video").play();
  if (run.key === null) await offer(run, track.getSettings().deviceId);
}

/** Shows the cameras to choose from, where there are several; their names are told once one films. */
async function offer(run, filming) {
  const all = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  if (run.key !== null) return;
  $("which").replaceChildren(...all.map(({ deviceId, label }, at) => element("option", { value: deviceId }, label || String(at + 1))));
  $("which").value = filming;
  $("cameras").hidden = all.length < 2;
}

/** Answers the key of why there are no more. */
async function frames(run, onFrame) {
  const video = $("video");
  let tally = null, before = null, skipped = 0, faults = 0;
  guide("g_start");
  while (run.key === null && run.frames < MOST_FRAMES) {
    if (run.camera !== chosen) {
      await open(run);
      before = null;
      if (run.key !== null) break;
    }
    const seen = look(video, before);
    before = seen.grey;
    const unfit = advice(seen);
    if (unfit && skipped < MOST_SKIPPED) {
      skipped += 1;
      guide(unfit);
      await pause(run, PAUSE_MS);
      continue;
    }
    skipped = 0;
    const { blob, bitmap } = await frame(video);
    if (run.key !== null) break;
    const answer = await recognize([blob]);
    run.frames += [0, 101001].includes(answer.code); // the codes of a recognition that ran, and was charged
    if (run.key !== null) break;
    onFrame(bitmap, answer);
    tally = tallied(tally, answer);
    if (isCertain(tally)) return "g_done";
    faults = LATER.has(answer.code) ? faults + 1 : 0;
    if (faults >= MOST_FAULTS || ![0, 101001, ...LATER].includes(answer.code)) return "";
    guide(guidance(answer, seen));
    await pause(run, LATER.has(answer.code) ? Math.max(1, answer.retryAfter) * 1000 : PAUSE_MS);
  }
  return "g_most";
}

/** What the frames so far say: {number, looks, nats}. Another number begins anew; a frame that was refused says nothing. */
export function tallied(tally, { code, reply }) {
  if (code !== 0) return tally;
  const nats = -Math.log(Math.max(1e-6, 1 - reply.confidence));
  const number = reply.number.includes(".") ? reply.bin ?? null : reply.number; // a number is encrypted differently each time
  return number !== null && tally?.number === number ? { number, looks: tally.looks + 1, nats: tally.nats + nats } : { number, looks: 1, nats };
}

/** Whether at least two frames agree, and surely enough together. */
export const isCertain = (tally) => tally !== null && tally.looks > 1 && tally.nats >= ENOUGH;

const ADVICE = [["border_incomplete", "g_whole"], ["too_small", "g_closer"], ["glare", "g_glare"], ["blurred", "g_still"]]; // warnings

/** What to tell the person, from the reply and from what the frame looked like. */
export function guidance({ code, reply }, seen) {
  if (LATER.has(code)) return "g_busy";
  if (code === 0) {
    const { left_top: from, right_top: to } = reply.number_position.pos;
    const small = Math.hypot(to.x - from.x, to.y - from.y) < SMALL * reply.img_size.w;
    const warned = ADVICE.find(([name]) => reply.warnings?.includes(name));
    return reply.confidence >= SURE ? "g_sure" : warned ? warned[1] : small ? "g_closer" : "g_still";
  }
  if (!isWorthAnother({ code, reply })) return "g_unlike"; // clear enough
  if (reply.errmsg.includes("cut off")) return "g_whole";
  if (seen.dark) return "g_dark";
  if (seen.glare) return "g_glare";
  if (seen.blurred || seen.moving || reply.errmsg.includes("uncertain")) return "g_still";
  return reply.errmsg.includes("no card") ? "g_start" : "g_closer";
}

const advice = (seen) => (seen.dark ? "g_dark" : seen.blurred || seen.moving ? "g_still" : "");

let guided = "";
export function guide(key) {
  guided = key;
  tell($("guide"), key ? t(key) : "");
}
document.addEventListener("language", () => guide(guided));

const small = Object.assign(document.createElement("canvas"), LOOK);

/** Brightness, sharpness, glare and movement of the frame on the screen, measured on a small grey copy. */
function look(video, before) {
  const pen = small.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0, LOOK.width, LOOK.height);
  const { data } = pen.getImageData(0, 0, LOOK.width, LOOK.height);
  const grey = Float32Array.from({ length: LOOK.width * LOOK.height }, (_, at) => 0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2]);
  return { grey, ...measures(grey, before) };
}

/** `grey` and `before` are rows of LOOK, 0 to 255; `before` may be null. */
export function measures(grey, before) {
  const { width, height } = LOOK;
  let sum = 0, bright = 0, edges = 0, squares = 0, moved = 0;
  for (let at = 0; at < grey.length; at += 1) {
    sum += grey[at];
    bright += grey[at] >= 252;
    moved += before ? Math.abs(grey[at] - before[at]) : 0;
  }
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const edge = 4 * grey[at] - grey[at - 1] - grey[at + 1] - grey[at - width] - grey[at + width];
      edges += edge;
      squares += edge * edge;
    }
  }
  const inner = (width - 2) * (height - 2);
  return {
    dark: sum / grey.length < DARK,
    glare: bright / grey.length > GLARE,
    blurred: squares / inner - (edges / inner) ** 2 < BLURRED,
    moving: moved / grey.length > MOVING,
  };
}

/** Whether a canvas gives what was drawn: browsers that keep pages from knowing them again give noise, and it would be charged. */
export function isCanvasTrue() {
  const { width, height } = LOOK, pen = Object.assign(document.createElement("canvas"), LOOK).getContext("2d");
  pen.fillStyle = "#808080";
  pen.fillRect(0, 0, width, height);
  return pen.getImageData(0, 0, width, height).data.every((value, at) => at % 4 === 3 || Math.abs(value - 128) < 9);
}

async function frame(video) {
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  return { blob, bitmap: canvas };
}

/** Waits, but no longer than the run lasts: a server that is busy may ask for a minute. */
const pause = (run, ms) => new Promise((done) => {
  run.wake = done;
  setTimeout(done, ms);
});
