// Indices of each brain, synchrony within its chance, percentiles, and what was usable.
const seconds = Array.from({ length: D.seconds }, (_, s) => s);
const OTHER = "therapist"; // who is shifted when the two never met

// As many seconds late, round the session, as the two never met by; only of the therapist.
function asShown(values, role) {
  if (!isNever || role !== OTHER) return values;
  const n = values.length, late = D.synchrony.shift_s;
  return values.map((_, i) => values[(i - late + n) % n]);
}

const beside = (values, errors, sign) =>
  values.map((it, i) => (it === null || errors[i] === null ? null : it + sign * errors[i]));

const indexName = (it) => `${T["name_" + it.name]} ${it.band} ${it.channels.join("-")}`;

// Numbers of an index, unpacked when somebody looks at it.
async function ofIndex(it) {
  it.numbers ??= Object.fromEntries(await Promise.all(Object.entries(it.people).map(async ([role, packed]) => [role, {
    value: await unpacked(packed.value, it.step), error: await unpacked(packed.error, it.step),
  }])));
  return it;
}

async function indexPanel() {
  let chosen = await ofIndex(D.indices[0]), data = [], places = [];
  const rows = () => [[T.time, ...Object.keys(chosen.numbers).flatMap((role) => [`${T[role]} ${T.value}`, `${T[role]} ${T.error}`])],
    ...thinned((s) => [clockText(s, 0), ...Object.entries(chosen.numbers).flatMap(([role, it]) => [told(asShown(it.value, role)[s], 3), told(asShown(it.error, role)[s], 3)])])];
  const one = panel(T.index_title, "", rows);
  chooser(one, T.index, D.indices.map((it, k) => [k, indexName(it)]), 0, async (k) => { chosen = await ofIndex(D.indices[k]); build(); });
  function build() {
    one.words.textContent = fill(T.index_help, { formula: chosen.formula, channels: chosen.channels.join("-"), band: chosen.band, window: chosen.window_s });
    const roles = Object.keys(chosen.numbers), series = [], bands = [];
    data = [seconds];
    roles.forEach((role, k) => {
      const value = asShown(chosen.numbers[role].value, role), error = asShown(chosen.numbers[role].error, role);
      data.push(value, beside(value, error, 1), beside(value, error, -1));
      series.push({ label: T[role], stroke: COLOUR[role], dash: DASH[role], width: 2 }, { stroke: "#0000" }, { stroke: "#0000" });
      bands.push([3 * k + 2, 3 * k + 3, HUE[role]]);
    });
    curves(one, series, bands, data, { height: 200, label: T["name_" + chosen.name] });
    places = keyed(one, roles.map((role) => [COLOUR[role], DASH[role], T[role]]));
    one.told(now);
  }
  one.told = (t) => places.forEach((at, k) => { at.textContent = told(data[3 * k + 1][Math.round(t)]); });
  clickable(one);
  build();
  return build;
}

// From the lowest to the highest of both: whether they met or not, the scale is the same.
function ends(kind) {
  const all = [kind.met, kind.never].flatMap((it) => [...it.value, ...it.low, ...it.high]).filter((it) => it !== null);
  const low = all.reduce((a, b) => Math.min(a, b), 0), high = all.reduce((a, b) => Math.max(a, b), 0);
  return all.length ? [low, high + 0.05 * (high - low)] : [0, 1];
}

// Numbers of a kind of synchrony, unpacked when somebody looks at it.
async function ofKind(it) {
  if (!it.numbers) for (const which of [it.met, it.never]) {
    const of = (name) => unpacked(which[name], name === "percentile" ? D.per_cent : D.synchrony.step);
    [which.value, which.low, which.high, which.percentile] = await Promise.all(["value", "low", "high", "percentile"].map(of));
  }
  it.numbers = true;
  return it;
}

async function synchronyPanels() {
  const { kinds } = D.synchrony;
  let chosen = await ofKind(kinds[0]), which = chosen.met, places = [];
  const rows = () => [[T.time, T.value, ...T.chance.split(" ").slice(0, 1).flatMap((word) => [word + " 5", word + " 95"]), T.percentile],
    ...thinned((s) => [clockText(s, 0), told(which.value[s], 3), told(which.low[s], 3), told(which.high[s], 3), told(which.percentile[s], 0)])];
  const one = panel(T.synchrony_title, "", rows), two = panel(T.percentile_title, "", rows);
  chooser(one, T.synchrony, kinds.map((it, k) => [k, T["name_" + it.name]]), 0, async (k) => { chosen = await ofKind(kinds[k]); build(); });
  function build() {
    which = isNever ? chosen.never : chosen.met;
    const { band, channels, window_s, shifts } = D.synchrony, x = seconds.slice(0, which.value.length);
    one.words.textContent = fill(T.synchrony_help, { formula: chosen.formula, channels: channels.join("-"), band, window: window_s, shifts });
    curves(one, [{ stroke: "#5b2a86", width: 2 }, { stroke: "#0000" }, { stroke: "#0000" }], [[2, 3, GREY]],
      [x, which.value, which.high, which.low], { label: T["name_" + chosen.name], range: ends(chosen) });
    two.words.textContent = T.percentile_help + " " + (which.above === null ? "" : fill(T.above, { share: (100 * which.above).toFixed(0) }));
    const chance = x.map(() => 95), none = x.map(() => 0);
    curves(two, [{ stroke: "#5b2a86", width: 2 }, { stroke: "#55606b", dash: [4, 4] }, { stroke: "#0000" }], [[2, 3, "#8a949e2e"]],
      [x, which.percentile, chance, none], { height: 130, range: [0, 100], label: T.percentile });
    places = [keyed(one, [["#5b2a86", [], T["name_" + chosen.name]], [GREY, [], T.chance, true]]), keyed(two, [["#5b2a86", [], T.percentile]])];
    one.told(now);
  }
  one.told = (t) => {
    const s = Math.round(t);
    places[0][0].textContent = told(which.value[s]);
    places[0][1].textContent = `${told(which.low[s])} ${told(which.high[s])}`;
    places[1][0].textContent = told(which.percentile[s], 0);
  };
  clickable(one);
  clickable(two);
  build();
  return build;
}

// Of a person, holes as they are shown.
const holesOf = (role) => D.holes[role].flatMap(([begin, end, cause]) => {
  if (!isNever || role !== OTHER) return [[begin, end, cause]];
  const late = D.synchrony.shift_s, n = D.seconds;
  return [[begin + late, end + late, cause], [begin + late - n, end + late - n, cause]].filter(([b, e]) => e > 0 && b < n);
});

async function usablePanel() {
  const roles = D.roles.filter((role) => D.usable[role]), known = {};
  for (const role of roles) known[role] = await unpacked(D.usable[role], D.per_cent);
  let data = [], places = [];
  const one = panel(T.usable_title, T.usable_help, () => [[T.time, ...roles.map((role) => `${T[role]} ${T.usable}`)],
    ...thinned((s) => [clockText(s, 0), ...roles.map((role) => told(asShown(known[role], role)[s], 0))]),
    [T.holes, "", ""], ...D.roles.filter((role) => D.holes[role]).flatMap((role) => holesOf(role).map(([b, e, cause]) => [`${clockText(b, 2)} – ${clockText(e, 2)}`, T[role], cause]))]);
  const holes = (u) => D.roles.filter((role) => D.holes[role]).forEach((role, k) => bars(u, holesOf(role), COLOUR[role], 2 - k));
  function build() {
    data = [seconds, ...roles.map((role) => asShown(known[role], role))];
    curves(one, roles.map((role) => ({ stroke: COLOUR[role], dash: DASH[role], width: 1.5 })), [], data, { height: 120, range: [-25, 105], label: T.usable, marks: [holes] });
    places = keyed(one, roles.map((role) => [COLOUR[role], DASH[role], T[role]]));
    one.told(now);
  }
  one.told = (t) => places.forEach((at, k) => { at.textContent = told(data[k + 1][Math.round(t)], 0) + " %"; });
  clickable(one);
  build();
  return build;
}
