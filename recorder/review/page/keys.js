// Single keys, unless one types; and everything is drawn for the first time.
const KEYS = {
  " ": () => play(!playing), n: () => step(1), p: () => step(-1), "+": () => scaled(0.5), "-": () => scaled(2),
  0: () => look(0, D.duration_s), "[": () => $("from-here").click(), "]": () => $("to-here").click(),
};

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || !$("single-keys").checked) return;
  if (target.matches("input, select, textarea, summary") || (key === " " && target.matches("button"))) return;
  const arrow = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!arrow && !KEYS[key]) return;
  event.preventDefault();
  if (arrow) go(now + arrow * (event.shiftKey ? 1 : 5)); else KEYS[key]();
});

async function begin() {
  $("measures").setAttribute("aria-busy", "true");
  const builds = [];
  if (D.indices.length) builds.push(await indexPanel());
  else if (!D.blind) $("panels").append(element("p", T.no_indices));
  if (D.synchrony) builds.push(...[await synchronyPanels()]);
  else if (!D.blind) $("panels").append(element("p", T.no_chance));
  if (Object.keys(D.usable).length) builds.push(await usablePanel());
  if (D.music) builds.push(await musicPanel());
  if (D.moments.length) builds.push(lanesPanel());
  if (D.eeg) builds.push(await eegPanel());
  const never = $("never");
  if (never) never.onclick = () => {
    isNever = !isNever;
    never.setAttribute("aria-pressed", isNever);
    never.textContent = isNever ? T.met : T.never_met;
    $("never-note").textContent = isNever ? fill(T.never_note, { shift: clockText(D.synchrony.shift_s, 0) }) : "";
    for (const build of builds) build();
  };
  const at = /^#t=([\d.]+)$/.exec(location.hash); // such as page.html#t=300
  go(at ? +at[1] : 0);
  $("measures").setAttribute("aria-busy", "false");
}

begin();
