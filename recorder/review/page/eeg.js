// The EEG: a band from lowest to highest of each second, and samples where there are and it is close.
const SAMPLES_BELOW_S = 40, ROW = 22;

async function eegPanel() {
  const { labels, bins, bin_s, begin_s, stretches } = D.eeg, roles = Object.keys(labels), edges = {}, kept = new Map();
  for (const role of roles) edges[role] = await unpacked(bins[role], 1, 2 * labels[role].length);
  const names = roles.flatMap((role) => labels[role].map((label, channel) => ({ role, label, channel })));
  const what = (stretches.length && D.eeg.all ? fill(T.eeg_all, { hz: D.eeg.hz.toFixed(0) }) : T.eeg_near) + (D.eeg.left_out ? fill(T.eeg_left_out, { n: D.eeg.left_out }) : "");
  const bin = (role, channel, k) => {
    const n = edges[role].length / 2 / labels[role].length, late = isNever && role === OTHER ? Math.round(D.synchrony.shift_s / bin_s) : 0;
    const at = late ? ((k - late) % n + n) % n : k, row = 2 * channel * n;
    return at < 0 || at >= n ? [null, null] : [edges[role][row + at], edges[role][row + n + at]];
  };
  const one = panel(T.eeg_title, fill(T.eeg_help, { what }), () => [[T.channel, T.lowest, T.highest],
    ...names.map(({ role, label, channel }) => {
      const [low, high] = bin(role, channel, Math.floor((now - begin_s) / bin_s));
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
      for (let i = first; i < last; i++) {
        const [low, high] = bin(role, channel, i), begin = begin_s + i * bin_s;
        if (low === null || high === null || [begin, begin + bin_s].every((t) => shown.some((it) => it.begin_s <= t + 0.01 && it.begin_s + it.n / D.eeg.hz >= t - 0.01))) continue;
        const x0 = Math.max(x(begin), LEFT), x1 = Math.min(x(begin + bin_s), w - RIGHT);
        if (x1 <= x0) continue;
        c.globalAlpha = 0.55; c.fillRect(x0, y(high), Math.max(x1 - x0, 0.6), Math.max(y(low) - y(high), 1)); c.globalAlpha = 1;
      }
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
  const label = element("label", "± µV "), select = element("select");
  for (const uv of [20, 50, 100, 200, 500]) select.append(element("option", uv, uv === scale ? { value: uv, selected: "" } : { value: uv }));
  select.onchange = () => { scale = +select.value; one.draw(); };
  label.append(select);
  one.words.before(label);
  clickable(one);
  one.draw();
  return () => one.draw();
}
