// Words and moments: a click goes there, and what is now is marked.
const moments = D.moments.map((it) => it.begin_s);

function list(id) {
  const buttons = [...document.querySelectorAll(`#${id} button`)];
  let marked = null;
  for (const it of buttons) it.onclick = () => go(+it.dataset.t);
  followers.push((t) => {
    let at = buttons.length - 1; // the last one that has begun
    while (at >= 0 && +buttons[at].dataset.t > t + 0.001) at--;
    const it = at >= 0 && t <= Math.max(+buttons[at].dataset.e, +buttons[at].dataset.t + 3) ? buttons[at] : null;
    if (it === marked) return;
    marked?.classList.remove("now"); marked?.removeAttribute("aria-current");
    marked = it;
    if (!it) return;
    it.classList.add("now"); it.setAttribute("aria-current", "true");
    const box = it.closest(".list"), top = it.offsetTop - box.offsetTop;
    if (top < box.scrollTop || top + it.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
  });
}

function step(by) {
  const places = [...new Set(moments)].sort((a, b) => a - b);
  const at = by > 0 ? places.find((t) => t > now + 0.01) : places.findLast((t) => t < now - 0.01);
  if (at !== undefined) go(at);
}

list("words");
list("moments");
$("previous").onclick = () => step(-1);
$("next").onclick = () => step(1);
