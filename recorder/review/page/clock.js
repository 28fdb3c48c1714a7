// One instant that all of the page shows; the pictures and lists follow it, and it follows a video.
const D = JSON.parse(document.getElementById("data").textContent);
const T = D.texts, $ = (id) => document.getElementById(id);
const followers = [];
let now = 0, playing = false, before = null;

const fill = (text, values) =>
  text.replace(/\{(\w+)(?::[^}]*)?\}/g, (_, name) => values[name]);

function clockText(t, digits = 1) {
  const sign = t < 0 ? "−" : "", all = Math.abs(t), h = Math.floor(all / 3600);
  const m = Math.floor(all / 60) % 60, s = (all % 60).toFixed(digits);
  const seconds = s.padStart(digits ? 3 + digits : 2, "0");
  return sign + (h ? `${h}:${String(m).padStart(2, "0")}` : m) + ":" + seconds;
}

class Film {
  constructor(figure, told) {
    Object.assign(this, told);
    this.figure = figure;
    this.element = figure.querySelector("video");
    this.state = figure.querySelector(".state");
    const choose = figure.querySelector(".choose");
    const say = (text) => { this.state.textContent = text; };
    this.element.addEventListener("error", () => {
      choose.hidden = false;
      say(fill(T.cannot_play, this));
    });
    this.element.addEventListener("loadedmetadata", () => { choose.hidden = true; say(""); this.seek(now); });
    choose.querySelector("input").addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (file) this.element.src = URL.createObjectURL(file);
    });
  }
  // The second of the video at an instant of the session; null where it has none.
  at(t) {
    for (const it of this.pieces) {
      const s = (t - it.offset_s) / (1 + it.drift_ppm * 1e-6);
      if (s >= (it.begin_s ?? 0) && s <= (it.end_s ?? this.element.duration)) return s;
    }
    return null;
  }
  // The instant of the session that it shows.
  get instant() {
    const s = this.element.currentTime;
    const it = this.pieces.find((one) => s <= (one.end_s ?? Infinity)) ?? this.pieces.at(-1);
    return s * (1 + it.drift_ppm * 1e-6) + it.offset_s;
  }
  get runs() { return !this.element.paused && !this.element.ended && this.element.readyState > 2 && !this.element.seeking; }
  seek(t) {
    const s = this.at(t);
    this.state.textContent = s === null && this.element.readyState ? fill(T.not_filmed, this) : this.element.error ? this.state.textContent : "";
    if (s === null) this.element.pause(); else this.element.currentTime = s;
  }
  follow(t) {
    const s = this.at(t);
    if (s === null) { if (!this.element.paused) this.element.pause(); return; }
    if (this.element.paused && !this.element.ended && playing) { this.element.currentTime = s; this.element.play().catch(() => {}); }
    else if (Math.abs(this.element.currentTime - s) > 0.15 && !this.element.seeking) this.element.currentTime = s;
  }
}

const films = [...document.querySelectorAll("figure[data-video]")].map(
  (figure) => new Film(figure, D.videos[figure.dataset.video]));

// Of the files of one camera, that which has a picture now; where none has, the one that is shown.
function turnPages() {
  for (const film of films) {
    const same = films.filter((it) => it.camera === film.camera);
    const one = same.find((it) => it.at(now) !== null) ?? same.find((it) => !it.figure.hidden);
    film.figure.hidden = film !== one;
  }
}

function show() {
  turnPages();
  $("now").textContent = clockText(now);
  $("slider").value = now;
  $("slider").setAttribute("aria-valuetext", clockText(now, 0));
  for (const follow of followers) follow(now);
}

function go(t) {
  now = Math.min(Math.max(t, 0), D.duration_s);
  for (const film of films) film.seek(now);
  show();
}

function play(on) {
  playing = on && now < D.duration_s;
  before = null;
  $("play").textContent = playing ? T.pause : T.play;
  $("play").setAttribute("aria-pressed", playing);
  if (!playing) for (const film of films) film.element.pause();
  else { for (const film of films) film.follow(now); requestAnimationFrame(tick); }
}

function tick(at) {
  if (!playing) return;
  const lead = films.find((film) => film.runs && film.at(now) !== null);
  const passed = before === null ? 0 : (at - before) / 1000;
  before = at;
  now = lead ? Math.max(0, lead.instant) : now + passed;
  for (const film of films) if (film !== lead) film.follow(now);
  if (now >= D.duration_s) { now = D.duration_s; play(false); }
  show();
  requestAnimationFrame(tick);
}

$("play").onclick = () => play(!playing);
$("back").onclick = () => go(now - 5);
$("forth").onclick = () => go(now + 5);
$("slider").oninput = (event) => go(+event.target.value);
