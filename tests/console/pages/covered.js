// What can be followed, pressed or filled in on a page, and is under something else where it is seen.
() => {
  const told = (one) => `${one.tagName.toLowerCase()} ${(one.innerText || one.name || one.id).trim().slice(0, 40)}`;
  const isCutAway = (one) => one !== null && (getComputedStyle(one).clipPath !== "none" || isCutAway(one.parentElement));
  const covered = [];
  for (const one of document.querySelectorAll("main :is(a[href], button, input, select, textarea, summary)")) {
    if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || isCutAway(one)) continue;
    one.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = [...one.getClientRects()].find(({ width, height }) => width > 1 && height > 1);
    if (!box) continue;
    const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const isLabel = [...(one.labels ?? [])].some((label) => label.contains(there));
    if (there && (one.contains(there) || there.contains(one) || isLabel)) continue;
    covered.push(`${told(one)} is under ${there ? told(there) : "nothing"}`);
  }
  return covered;
};
