// Elements by id, and new ones from names and values. No markup is ever made out of text.

export const $ = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

let silence = 0;

/** Has screen readers say one text, also the one that they said last: what is spread over a page they say in any order, or in part. */
export function announce(text) {
  $("told").replaceChildren(element("span", {}, text));
  clearTimeout(silence);
  silence = setTimeout(() => $("told").replaceChildren(), 5000);
}

/** Fills a place that screen readers tell of when it changes; left as it is where it says the same, which they would tell again. */
export function tell(place, ...content) {
  const told = filled(place.cloneNode(false), {}, content);
  if (!told.isEqualNode(place)) place.replaceChildren(...told.childNodes);
}

/** A text whose Chinese parts are said to be Chinese: names of banks are, on the English page, too, and other voices read no letter of it. */
const voiced = (text) => text.split(/([\p{sc=Han}\u3000-\u303f\uff00-\uffef]+)/u).map((part, at) => (at % 2 ? element("span", { lang: "zh-CN" }, part) : part));

/** Pairs of term and description, those without a description left out. */
export const pairs = (list) => list.filter(([, text]) => text).flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, ...voiced(text))]);

/** A row with a bar for each {name, text, count, good}; `text` says what `name` means. */
export function bars(list) {
  const most = Math.max(1, ...list.map(({ count }) => count));
  return element("ul", { class: "bars" }, ...list.map(({ name, text, count, good }) => {
    const rail = element("span", { class: good ? "rail" : "rail bad", "aria-hidden": "true" }, element("span"));
    rail.firstChild.style.width = `${(100 * count) / most}%`;
    return element("li", {}, element("span", { class: "num" }, name), element("span", {}, text), element("strong", { class: "num" }, String(count)), rail);
  }));
}

/** A bar of `share` (0 to 1). */
export const bar = (share, className = "meter") =>
  svg("svg", { class: className, viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width: Math.max(0, Math.min(1, share)) * 100, height: 1 }));
