// What the music was like, by a recording of the room, and the pieces below it.
const HEARD = "#2c6e49";

async function musicPanel() {
  const { features, pieces } = D.music;
  const heard = async (it) => { it.numbers ??= await unpacked(it.value, it.step); return it; };
  let chosen = await heard(features[0]), data = [], place = null;
  const one = panel(T.music_title, "", () => [[T.time, T["name_" + chosen.name]],
    ...thinned((s) => [clockText(s, 0), told(data[1][s])]),
    ...pieces.map(([begin, end, name]) => [`${clockText(begin)} – ${clockText(end)}`, `${T.piece} ${name}`])]);
  chooser(one, T.feature, features.map((it, k) => [k, T["name_" + it.name]]), 0, async (k) => { chosen = await heard(features[k]); build(); });
  const named = (u) => {
    bars(u, pieces, HEARD, 1);
    const ratio = devicePixelRatio || 1;
    Object.assign(u.ctx, { fillStyle: "#14181c", font: `${11 * ratio}px system-ui`, textAlign: "left", textBaseline: "bottom" });
    for (const [begin, end, name] of pieces) {
      const x = Math.max(u.valToPos(begin, "x", true), u.bbox.left);
      if (end > span[0] && begin < span[1]) u.ctx.fillText(name, x, u.bbox.top + u.bbox.height - 9 * ratio);
    }
  };
  // Room for the pieces below the curve.
  const range = (_, low, high) => (low === null ? [0, 1] : [low - 0.25 * (high - low || 1), high + 0.05 * (high - low || 1)]);
  function build() {
    data = [seconds, chosen.numbers];
    one.words.textContent = fill(T.music_help, { what: T["help_" + chosen.name] });
    curves(one, [{ stroke: HEARD, width: 1.5 }], [], data, { height: 120, range, label: T["name_" + chosen.name].split(", ").pop(), marks: [named] });
    [place] = keyed(one, [[HEARD, [], T["name_" + chosen.name]]]);
    one.told(now);
  }
  one.told = (t) => { place.textContent = told(data[1][Math.round(t)]); };
  clickable(one);
  build();
  return () => one.draw();
}
