// What all pictures have in common: a panel with its words, one span of time, the cursor, the table.
const COLOUR = { patient: "#0b4f8a", therapist: "#b34700" }, DASH = { patient: [], therapist: [7, 4] };
const HUE = { patient: "#0b4f8a38", therapist: "#b3470030" };
const GREY = "#8a949e55", LEFT = 112, RIGHT = 26, CLOSEST_S = 4;
const panels = [];
let span = [0, D.duration_s], isNever = false, isPrinting = false;

// Asked of the browser only when it may have changed: each time it lays out all of the page.
let across = 0;
const width = () => across;
function measureWidth() { across = Math.max(280, isPrinting ? 690 : $("panels").clientWidth); }
measureWidth();

function element(name, text = "", attributes = {}) {
  const it = document.createElement(name);
  it.textContent = text;
  for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, value);
  return it;
}

// A panel: heading, words, picture, key, and the table behind it. `rows` gives [head, ...lines].
function panel(title, help, rows) {
  const box = element("section", "", { class: "panel" }), head = element("h3", title + " ");
  head.append(element("small", T.exploratory_short));
  const words = element("p", help), picture = element("div", "", { class: "picture" });
  const key = element("ul", "", { class: "key" }), more = element("details");
  more.append(element("summary", `${T.table}: ${title}`));
  more.addEventListener("toggle", () => { if (more.open) table(more, title, rows()); });
  const cursor = element("div", "", { class: "cursor" });
  box.append(head, words, picture, key, more);
  $("panels").append(box);
  const one = { box, head, words, picture, key, cursor, draw() {}, told() {} };
  panels.push(one);
  return one;
}

function place(one, t) {
  const inside = width() - LEFT - RIGHT, share = (t - span[0]) / (span[1] - span[0]);
  one.cursor.style.display = share < 0 || share > 1 ? "none" : "block";
  one.cursor.style.left = `${LEFT + share * inside}px`;
}

const timeAt = (one, x) => span[0] + (x - LEFT) / (width() - LEFT - RIGHT) * (span[1] - span[0]);

function clickable(one) {
  let from = null;
  one.picture.addEventListener("pointerdown", (event) => { from = event.clientX; });
  one.picture.addEventListener("pointerup", (event) => {
    const begin = one.picture.getBoundingClientRect().left, x = event.clientX - begin;
    if (from === null) return;
    const was = timeAt(one, from - begin), is = timeAt(one, x);
    if (Math.abs(event.clientX - from) < 4) go(is);
    else look(Math.min(was, is), Math.max(was, is));
    from = null;
  });
}

// Show this span of time in every picture.
function look(begin, end) {
  measureWidth();
  const long = Math.min(Math.max(end - begin, CLOSEST_S), D.duration_s);
  const first = Math.min(Math.max(begin, 0), D.duration_s - long);
  span = [first, first + long];
  for (const one of panels) one.draw();
  for (const one of panels) place(one, now);
}

function scaled(factor) {
  const wide = (span[1] - span[0]) * factor, share = Math.min(Math.max((now - span[0]) / (span[1] - span[0]), 0), 1);
  look(now - share * wide, now - share * wide + wide);
}

followers.push((t) => {
  if (t < span[0] || t > span[1]) {
    const wide = span[1] - span[0];
    look(t - wide / 4, t + wide * 3 / 4);
  }
  for (const one of panels) { place(one, t); one.told(t); }
});

$("closer").onclick = () => scaled(0.5);
$("wider").onclick = () => scaled(2);
$("all").onclick = () => look(0, D.duration_s);

let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => look(...span), 100); });
for (const [name, on] of [["beforeprint", true], ["afterprint", false]])
  addEventListener(name, () => { isPrinting = on; look(...(on ? [0, D.duration_s] : span)); });
matchMedia("print").addEventListener("change", (event) => { isPrinting = event.matches; look(0, D.duration_s); });

// Where seconds are told along a picture: each so many, of which whole ones make a minute or an hour.
const EACH_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const ticks = (u, values) => values.map((t) => clockText(t, 0));
const axes = (label) => [
  { incrs: EACH_S, values: ticks, grid: { stroke: "#dde2e6" }, size: 26 },
  { size: LEFT - 16, grid: { stroke: "#dde2e6" }, label, labelSize: 16, labelFont: "12px system-ui" },
];

// A list to choose from, above a panel's words; options: [value, text].
function chooser(one, name, options, chosen, take) {
  const label = element("label", name + " "), select = element("select");
  for (const [value, text] of options) select.append(element("option", text, value === chosen ? { value, selected: "" } : { value }));
  select.onchange = () => take(select.value);
  label.append(select);
  one.words.before(label);
}

// Bars along the bottom of a picture of curves, in the k-th row from below; spans: [begin, end].
function bars(u, spans, colour, k) {
  const { left, top, height, width: wide } = u.bbox, ratio = devicePixelRatio || 1;
  u.ctx.fillStyle = colour;
  for (const [begin, end] of spans) {
    const x0 = Math.max(u.valToPos(begin, "x", true), left), x1 = Math.min(u.valToPos(end, "x", true), left + wide);
    if (x1 >= left && x0 <= left + wide) u.ctx.fillRect(x0, top + height - k * 9 * ratio, Math.max(x1 - x0, 2 * ratio), 7 * ratio);
  }
}

// A picture of curves by uPlot. series: {label, stroke, dash, width}; bands: [above, below, fill].
function curves(one, series, bands, data, { height = 170, range, label = "", marks = [] } = {}) {
  one.plot?.destroy();
  one.picture.replaceChildren();
  const high = () => (isPrinting ? Math.max(92, Math.round(height * 0.7)) : height);
  const options = {
    width: width(), height: high(), padding: [6, RIGHT, 0, 0], legend: { show: false },
    cursor: { drag: { setScale: false, x: true, y: false }, points: { show: false } },
    scales: { x: { time: false, range: () => span }, y: { range: range ?? ((_, low, high) => (low === null ? [0, 1] : uPlot.rangeNum(low, high, 0.1, true))) } },
    axes: axes(label), series: [{}, ...series.map((it) => ({ points: { show: false }, spanGaps: false, ...it }))],
    bands: bands.map(([above, below, fill]) => ({ series: [above, below], fill })),
    hooks: { drawClear: [(u) => marks.forEach((mark) => mark(u))] },
  };
  one.plot = new uPlot(options, data, one.picture);
  one.picture.append(one.cursor);
  one.draw = () => {
    if (one.plot.width !== width() || one.plot.height !== high()) one.plot.setSize({ width: width(), height: high() });
    one.plot.setData(data);
  };
  place(one, now);
}

// A canvas, as high as heightNow() says, that is drawn by draw(context, width, height).
function canvas(one, heightNow, name, draw) {
  const it = element("canvas", "", { role: "img", "aria-label": name }), context = it.getContext("2d");
  one.picture.append(it, one.cursor);
  one.draw = () => {
    const ratio = isPrinting ? 2 : devicePixelRatio || 1, w = width(), height = heightNow();
    it.width = Math.round(w * ratio); it.height = Math.round(height * ratio);
    it.style.width = `${w}px`; it.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, w, height);
    draw(context, w, height);
  };
}

function sample(colour, dash, isBand) {
  const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg");
  svg.setAttribute("width", 30); svg.setAttribute("height", 10); svg.setAttribute("aria-hidden", true);
  const it = document.createElementNS(ns, isBand ? "rect" : "line");
  const shape = isBand ? { x: 0, y: 0, width: 30, height: 10, fill: colour }
    : { x1: 0, y1: 5, x2: 30, y2: 5, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash.join(" ") };
  for (const [key, value] of Object.entries(shape)) it.setAttribute(key, value);
  svg.append(it);
  return svg;
}

// The key of a picture; of each [colour, dash, name, isBand] the place where its value is told.
function keyed(one, entries) {
  one.key.replaceChildren();
  return entries.map(([colour, dash, name, isBand]) => {
    const line = element("li"), at = element("span", "", { class: "at" });
    line.append(sample(colour, dash, isBand), name + " ", at);
    one.key.append(line);
    return at;
  });
}

const told = (value, digits = 2) => (value == null ? "–" : value.toFixed(digits));
