// The table behind a picture, made when it is opened.
const MOST_ROWS = 240;

// A row each second, or as seldom as it takes to be read.
function thinned(row) {
  const every = Math.max(1, Math.ceil(D.seconds / MOST_ROWS)), rows = [];
  for (let s = 0; s < D.seconds; s += every) rows.push(row(s));
  return rows;
}

function table(more, title, [head, ...rows]) {
  more.querySelector(".scroll")?.remove();
  const box = element("div", "", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${T.table}: ${title}` });
  const it = element("table"), top = it.createTHead().insertRow(), body = it.createTBody();
  for (const text of head) top.append(element("th", text, { scope: "col" }));
  for (const row of rows) { const line = body.insertRow(); for (const text of row) line.insertCell().textContent = text; }
  box.append(it);
  more.append(box);
}
