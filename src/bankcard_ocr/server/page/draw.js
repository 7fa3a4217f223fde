// The picture with every field of a reply drawn on it. The inks are those of the stylesheet, shared with the legend.

const CORNERS = ["left_top", "right_top", "right_bottom", "left_bottom"];
const LARGEST = 1600; // of the drawing's sides; the picture may be larger
const COARSE = 12; // pixels of the longer side: six digits that fill it, as many as a masked number begins with, have two each
const IN_ONE_LINE = 6.5; // heights, at least: what is shorter is a number in rows, and all of it is covered
const LOOSE = 0.2; // of a line whose digits have no places, what is left open at each end
export const SURE = 0.99; // of a whole number
export const UNSURE = 0.9; // of a digit that is less; refusals name such digits, too

/** Draws `picture` and the fields of `reply` (null while it is read); while not `open` numbers are covered, or all of it is coarse. */
export function draw(canvas, picture, reply, open) {
  const scale = Math.min(1, LARGEST / Math.max(picture.width, picture.height));
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (!open && !isCoverable(reply)) coarsen(pen, canvas);
  if (!reply) return;
  const ink = (name) => getComputedStyle(canvas).getPropertyValue(`--ink-${name}`);
  const size = canvas.width / reply.img_size.w, thick = canvas.width / 320;
  const [own, ...further] = [reply, ...others(reply)].map((card) => placed(card, size)), cards = [own, ...further];
  if (!open) for (const card of cards) cover(pen, card === own ? middle(own) : secret(card), ink("cover"));
  for (const card of cards) {
    const sure = certainties(card);
    card.digits.forEach((quad, at) => {
      if (open || !isHidden(at, card.digits.length)) stroke(pen, quad, ink(sure[at] < UNSURE ? "low" : "digit"), thick / 2);
    });
    for (const [name, quad] of card.fields) stroke(pen, quad, ink(kind(name)), thick);
  }
  if (reply.cards?.length > 1) reply.cards.forEach((card, at) => badge(pen, at + 1, corner(card, size), canvas.width / 40));
}

/** The kinds of fields that `draw` shows for `reply`, as the legend names them. */
export function kinds(reply) {
  const found = new Set([reply, ...others(reply)].flatMap((card) => placed(card, 1).fields.map(([name]) => kind(name))));
  const sure = certainties(reply);
  if (reply.digit_positions?.length) found.add("digit");
  if (sure.some((value) => value < UNSURE)) found.add("low");
  return ["card", "number", "digit", "low", "date", "holder", "other"].filter((name) => found.has(name));
}

/** Whether all that is to be covered has a place: a line that gave no number may be a part of it, as a card may have more than one. */
export const isCoverable = (reply) => Boolean(reply?.digit_positions?.length) && others(reply).every((card) => card.number != null || card.card_position);

/** How sure each digit is, when the reply tells it for every one. */
export function certainties(reply) {
  const found = (reply.digit_positions ?? []).map((position) => position.confidence);
  return found.length && found.every((value) => typeof value === "number") ? found : [];
}

/** Whether the digit at `place` of `count` is one that a masked number hides. */
export const isHidden = (place, count) => place >= Math.min(6, count - 9) && place < count - 4;

/** The other cards of the picture; the most certain one, which the reply is about, is listed among all, once. */
function others(reply) {
  const cards = reply.cards ?? [], where = JSON.stringify(reply.number_position);
  const alike = cards.filter((card) => (card.number ?? null) === (reply.number ?? null)); // a refusal has no number
  const own = alike.find((card) => JSON.stringify(card.number_position) === where) ?? alike[0];
  return cards.filter((card) => card !== own);
}

const kind = (name) => ({ card: "card", number: "number", valid_date: "date", issue_date: "date", holder_name: "holder" })[name] ?? "other";

function placed(card, size) {
  const quad = ({ pos }) => CORNERS.map((name) => [pos[name].x * size, pos[name].y * size]);
  const fields = Object.entries(card).filter(([name, value]) => name.endsWith("_position") && value).map(([name, value]) => [name.slice(0, -"_position".length), quad(value)]);
  return { ...card, fields, digits: (card.digit_positions ?? []).map(quad), line: card.number_position ? quad(card.number_position) : null };
}

/** What is covered of a further card: all of it where its number was not read, for that may stand anywhere. */
function secret(card) {
  const whole = card.fields.find(([name]) => name === "card");
  return card.number == null && whole ? whole[1] : middle(card);
}

/** The quad that covers what a masked number hides; null where no number stands. */
function middle({ digits, line }) {
  if (digits.length >= 12) {
    const covered = digits.filter((_, at) => isHidden(at, digits.length));
    const [first, last] = [covered[0], covered[covered.length - 1]];
    return [first[0], last[1], last[2], first[3]];
  }
  if (!line) return null;
  const [tl, tr, br, bl] = line;
  const long = Math.hypot(tr[0] - tl[0], tr[1] - tl[1]), high = Math.hypot(bl[0] - tl[0], bl[1] - tl[1]);
  if (long <= IN_ONE_LINE * high) return line;
  const between = (a, b, share) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
  return [between(tl, tr, LOOSE), between(tr, tl, LOOSE), between(br, bl, LOOSE), between(bl, br, LOOSE)];
}

function corner(card, size) {
  const { pos } = card.card_position ?? card.number_position ?? { pos: { left_top: { x: 0, y: 0 } } };
  return [pos.left_top.x * size, pos.left_top.y * size];
}

function path(pen, points) {
  pen.beginPath();
  points.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
  pen.lineJoin = "round";
}

/** An outline with a dark rim, so that it is seen on light and on dark cards. */
function stroke(pen, points, ink, thick) {
  path(pen, points);
  for (const [style, width] of [["rgb(16 21 19 / .55)", Math.max(3, 1.8 * thick)], [ink, Math.max(1.5, thick)]]) {
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.stroke();
  }
}

/** Leaves the colours, but nothing to read; a blur of a set width would not hide digits that are larger than it. */
function coarsen(pen, canvas) {
  const share = COARSE / Math.max(canvas.width, canvas.height), whole = [0, 0, canvas.width, canvas.height];
  const few = [0, 0, Math.ceil(canvas.width * share), Math.ceil(canvas.height * share)];
  pen.drawImage(canvas, ...whole, ...few);
  pen.drawImage(canvas, ...few, ...whole);
}

/** Covers `quad` and a rim around it, for places are cut close. */
function cover(pen, quad, ink) {
  if (!quad) return;
  path(pen, quad);
  pen.fillStyle = pen.strokeStyle = ink;
  pen.lineWidth = Math.hypot(quad[3][0] - quad[0][0], quad[3][1] - quad[0][1]) * 0.4;
  pen.fill();
  pen.stroke();
}

function badge(pen, number, [x, y], radius) {
  pen.beginPath();
  pen.arc(Math.max(x, radius), Math.max(y, radius), radius, 0, 2 * Math.PI);
  pen.fillStyle = "#101513";
  pen.fill();
  pen.fillStyle = "#fff";
  pen.font = `600 ${1.2 * radius}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(number, Math.max(x, radius), Math.max(y, radius));
}
