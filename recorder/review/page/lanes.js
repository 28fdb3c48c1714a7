// What anybody marked, a lane each, in one picture.
const LANE = 18;
const SHAPE = { shared: "#14181c", interview: "#14181c", rater: "#5b2a86", post: "#3c4650", live: "#0b4f8a", shift: "#8a949e", note: "#8a949e" };

// A moment's words; whether it is of interest, in the page's language.
const inWords = (it) => it.label.replace(/^(no )?interest\b/, (_, no) => (no ? T.no_interest : T.interest));
const isTheirs = (it) => isNever && it.who === OTHER;
const wrapped = (t) => (t + D.synchrony.shift_s) % D.duration_s;

// A moment as it is shown: of the therapist, when the two never met, later.
const shownMoment = (it) => (isTheirs(it) ? { ...it, begin_s: wrapped(it.begin_s), end_s: wrapped(it.begin_s) + it.end_s - it.begin_s } : it);

function lanesPanel() {
  const names = new Map(), kinds = Object.keys(SHAPE);
  const order = (name) => kinds.indexOf(names.get(name)[0].kind);
  for (const kind of kinds) for (const it of D.moments) {
    const name = `${T["kind_" + kind]} ${T[it.who] ?? it.who}`.trim();
    if (it.kind === kind) names.set(name, [...(names.get(name) ?? []), it]);
  }
  const lanes = [...names].sort(([a], [b]) => order(a) - order(b) || a.localeCompare(b, D.language));
  const one = panel(T.lanes_title, "", () => [[T.begin, T.end, T.who, T.what],
    ...lanes.flatMap(([name, all]) => all.map(shownMoment).map((it) => [clockText(it.begin_s), clockText(it.end_s), name, inWords(it)]))]);
  const x = (t, w) => LEFT + (t - span[0]) / (span[1] - span[0]) * (w - LEFT - RIGHT);
  canvas(one, () => LANE * lanes.length + 22, T.lanes_title, (c, w, height) => {
    c.font = "12px system-ui";
    lanes.forEach(([name, all], k) => {
      const y = k * LANE;
      c.fillStyle = k % 2 ? "#fff" : "#f2f4f6"; c.fillRect(0, y, w, LANE);
      c.fillStyle = "#14181c"; c.fillText(name, 2, y + 13, LEFT - 8);
      for (const it of all.map(shownMoment)) {
        const x0 = x(it.begin_s, w), x1 = x(it.end_s, w);
        if (x1 < LEFT || x0 > w - RIGHT) continue;
        draw(c, it, Math.max(x0, LEFT), Math.min(x1, w - RIGHT), y);
      }
    });
    c.fillStyle = "#3c4650";
    for (let k = 0; k <= 4; k++) {
      const t = span[0] + (span[1] - span[0]) * k / 4;
      c.textAlign = k === 4 ? "right" : k ? "center" : "left";
      c.fillText(clockText(t, 0), x(t, w), height - 6);
    }
    c.textAlign = "left";
  });
  function draw(c, it, x0, x1, y) {
    c.fillStyle = c.strokeStyle = SHAPE[it.kind];
    if (it.end_s <= it.begin_s) { // an instant is a diamond
      c.beginPath(); c.moveTo(x0, y + 2); c.lineTo(x0 + 5, y + 9); c.lineTo(x0, y + 16); c.lineTo(x0 - 5, y + 9); c.fill();
    } else if (isWithout(it)) { c.lineWidth = 2; c.strokeRect(x0 + 1, y + 4, Math.max(x1 - x0 - 2, 2), LANE - 8); } // of no interest: empty
    else c.fillRect(x0, y + 3, Math.max(x1 - x0, 3), LANE - 6);
  }
  clickable(one);
  one.draw();
  return () => one.draw();
}

// Whether a rater chose it to be held against the others.
const isWithout = (it) => ["shared", "rater"].includes(it.kind) && /^(no interest|moni)\b/i.test(it.label);
