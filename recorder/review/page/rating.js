// Moments that whoever reads this page rates; they leave it as a file (recorder/moments/ratings.py).
$("provenance").onchange = (event) => { $("rater").disabled = event.target.value !== "rater"; };
const ratings = [];

function secondsOf(text) {
  const parts = text.trim().split(":").map(Number);
  return text.trim() && parts.every(Number.isFinite) ? parts.reduce((sum, it) => sum * 60 + it, 0) : null;
}

function said(text = fill(T.rated, { n: ratings.length })) {
  $("rated").textContent = text;
}

function listed() {
  $("ratings").replaceChildren(...ratings.map((it, k) => {
    const line = element("li"), there = element("button", `${clockText(it.begin_s)}–${clockText(it.end_s)} ${$("kind").querySelector(`[value="${it.sort}"]`).textContent} ${it.text}`, { type: "button" });
    const away = element("button", T.remove, { type: "button", "aria-label": `${T.remove} ${clockText(it.begin_s)}` });
    there.onclick = () => go(it.begin_s);
    away.onclick = () => { ratings.splice(k, 1); listed(); said(); };
    line.append(there, away);
    return line;
  }));
}

$("from-here").onclick = () => { $("from").value = clockText(now); };
$("to-here").onclick = () => { $("to").value = clockText(now); };
$("add").onclick = () => {
  const begin_s = secondsOf($("from").value), end_s = secondsOf($("to").value);
  if (begin_s === null || end_s === null || end_s < begin_s) return said(T.need_span);
  ratings.push({ begin_s, end_s, sort: $("kind").value, text: $("comment").value.trim() });
  ratings.sort((a, b) => a.begin_s - b.begin_s);
  for (const id of ["from", "to", "comment"]) $(id).value = "";
  listed();
  said();
};
$("save").onclick = () => {
  const who = $("provenance").value, rater = who === "rater" ? $("rater").value.trim() : who;
  if (!rater) return said(T.need_code);
  const file = {
    schema: "antiphon.ratings/1", session: D.id, session_sha256: D.sha256, rater, provenance: who === "rater" ? who : "interview",
    blind: D.blind, made_utc: new Date().toISOString().replace(/\.\d+/, ""), intervals: ratings,
  };
  const link = element("a", "", { download: `${D.id}_${rater.replace(/[^\w-]/g, "_")}.ratings.json` });
  link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1) + "\n"], { type: "application/json" }));
  link.click();
};
