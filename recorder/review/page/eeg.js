// The EEG: a band from lowest to highest of each second, and samples where there are and it is close.
const SAMPLES_BELOW_S = 40, ROW = 22;

async function eegPanel() {
  const { labels, bins, bin_s, begin_s, stretches } = D.eeg, roles = Object.keys(labels), edges = {}, kept = new Map();
  for (const role of roles) edges[role] = await counted(bins[role], 2 * labels[role].length); // microvolts
  const names = roles.flatMap((role) => labels[role].map((label, channel) => ({ role, label, channel })));
  const what = (stretches.length && D.eeg.all ? fill(T.eeg_all, { hz: D.eeg.hz.toFixed(0) }) : T.eeg_near) + (D.eeg.left_out ? fill(T.eeg_left_out, { n: D.eeg.left_out }) : "");
  // Lowest and highest of a second; null where there is none.
  function bin(role, channel, k) {
    const n = edges[role].length / 2 / labels[role].length, late = isNever && role === OTHER ? Math.round(D.synchrony.shift_s / bin_s) : 0;
    const at = late ? ((k - late) % n + n) % n : k, low = at < 0 || at >= n ? MISSING : edges[role][2 * channel * n + at];
    return low === MISSING ? null : [low, edges[role][(2 * channel + 1) * n + at]];
  }
  const one = panel(T.eeg_title, fill(T.eeg_help, { what }), () => [[T.channel, T.lowest, T.highest],
    ...names.map(({ role, label, channel }) => {
      const [low, high] = bin(role, channel, Math.floor((now - begin_s) / bin_s)) ?? [];
      return [`${T[role]} ${label}, ${T.at} ${clockText(now)}`, told(low, 0), told(high, 0)];
    })]);
  const row = () => (isPrinting ? 12 : ROW);
  let scale = 100; // µV from a line to the next one

  // Samples that are in view; those that are not unpacked yet are drawn when they are.
  function inView() {
    if (span[1] - span[0] > SAMPLES_BELOW_S) return [];
    return stretches.filter((it) => it.begin_s < span[1] && it.begin_s + it.n / D.eeg.hz > span[0]).flatMap((it) => {
      if (kept.has(it)) return kept.get(it) ?? [];
      kept.set(it, null);
      Promise.all(roles.map(async (role) => [role, await unpacked(it.people[role], D.eeg.step, labels[role].length)]))
        .then((people) => { kept.set(it, [{ ...it, people: Object.fromEntries(people) }]); one.draw(); });
      return [];
    });
  }

  canvas(one, () => row() * names.length + 20, T.eeg_title, (c, w, height) => {
    const inside = w - LEFT - RIGHT, x = (t) => LEFT + (t - span[0]) / (span[1] - span[0]) * inside;
    const near = inView(), first = Math.max(Math.floor((span[0] - begin_s) / bin_s), 0), last = Math.ceil((span[1] - begin_s) / bin_s);
    c.font = "12px system-ui";
    names.forEach(({ role, label, channel }, k) => {
      const middle = (k + 0.5) * row(), y = (uv) => middle - Math.max(-1.4, Math.min(1.4, uv / scale)) * row() / 2;
      c.fillStyle = COLOUR[role]; c.fillText(`${T[role][0].toUpperCase()} ${label}`, 4, middle + 4);
      const shown = isNever && role === OTHER ? [] : near;
      const isDrawn = (t) => shown.some((it) => it.begin_s <= t + 0.01 && it.begin_s + it.n / D.eeg.hz >= t - 0.01);
      c.beginPath();
      // Seconds that begin in the same column of the picture are one bar.
      let lowest = Infinity, highest = -Infinity, left = LEFT;
      for (let i = first; i < last; i++) {
        const begin = begin_s + i * bin_s, x1 = Math.min(x(begin + bin_s), w - RIGHT), found = bin(role, channel, i);
        if (found && !(shown.length && isDrawn(begin) && isDrawn(begin + bin_s))) {
          if (highest < lowest) left = Math.max(x(begin), LEFT);
          lowest = Math.min(lowest, found[0]); highest = Math.max(highest, found[1]);
        }
        if (highest < lowest || (found && x1 - left < 1 && i + 1 < last)) continue;
        if (x1 > left) c.rect(left, y(highest), Math.max((found ? x1 : x(begin)) - left, 0.6), Math.max(y(lowest) - y(highest), 1));
        lowest = Infinity; highest = -Infinity;
      }
      c.globalAlpha = 0.55; c.fill(); c.globalAlpha = 1;
      c.strokeStyle = COLOUR[role]; c.lineWidth = 0.9;
      for (const it of shown) {
        const uv = it.people[role], begin = channel * it.n;
        c.beginPath();
        let pen = false;
        for (let i = 0; i < it.n; i++) {
          const t = it.begin_s + i / D.eeg.hz;
          if (t < span[0] || t > span[1]) continue;
          if (uv[begin + i] === null) { pen = false; continue; }
          if (pen) c.lineTo(x(t), y(uv[begin + i])); else c.moveTo(x(t), y(uv[begin + i]));
          pen = true;
        }
        c.stroke();
      }
    });
    c.fillStyle = "#3c4650";
    for (let k = 0; k <= 4; k++) {
      const t = span[0] + (span[1] - span[0]) * k / 4;
      c.textAlign = k === 4 ? "right" : k ? "center" : "left";
      c.fillText(clockText(t, 0), x(t), height - 6);
    }
    c.textAlign = "left";
  });
  chooser(one, "± µV", [20, 50, 100, 200, 500].map((uv) => [uv, uv]), scale, (uv) => { scale = +uv; one.draw(); });
  clickable(one);
  one.draw();
  return () => one.draw();
}
