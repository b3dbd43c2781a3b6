// The only script: filters the findings and turns their pages. Without it the worst are there.
(() => {
  const data = document.getElementById("found");
  if (!data) return;
  const PAGE = 100;
  const find = (selector) => document.querySelector(`#findings ${selector}`);
  const { words, rows } = JSON.parse(data.textContent);
  const body = find("tbody");
  const mould = find("template").content.firstElementChild;
  const [text, told, before, after] = ["#filter", "#filtered", "#before", "#after"].map(find);
  const choices = [...document.querySelectorAll("#findings select")];
  const texts = [];  // of a row in small letters, made when it is first searched
  let shown = rows.keys(), page = 0;

  const searched = (index) => (texts[index] ??= rows[index].map((n) => words[n]).join(" ").toLowerCase());
  const chosen = (select, index) => {
    const there = words[rows[index][select.dataset.column]];
    return !select.value || there === select.value || there.split(", ").includes(select.value);
  };
  const filled = (index) => {
    const row = mould.cloneNode(true);
    for (const part of row.querySelectorAll("[data-of]")) {
      const value = words[rows[index][part.dataset.of]];
      if (!value) { (part.dataset.within ? part.closest(part.dataset.within) : part).remove(); continue; }
      part.textContent = value;
      if ("is" in part.dataset) part.dataset.is = value;
      const link = part.dataset.link && words[rows[index][part.dataset.link]];
      if (link) part.href = link;
    }
    return row;
  };
  const draw = () => {
    const start = page * PAGE, end = Math.min(start + PAGE, shown.length);
    body.replaceChildren(...shown.slice(start, end).map(filled));
    find("#pages").hidden = shown.length <= PAGE;
    before.disabled = !page;
    after.disabled = end === shown.length;
    const some = shown.length > PAGE ? `${start + 1} to ${end} of ` : "";
    told.textContent = `${some}${shown.length} of ${rows.length} shown`;
  };
  const filter = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const active = choices.filter((select) => select.value);
    shown = [...rows.keys()].filter((index) => active.every((select) => chosen(select, index))
      && wanted.every((word) => searched(index).includes(word)));
    page = 0;
    draw();
  };
  const turn = (by) => () => { page += by; draw(); find("h2").scrollIntoView(); };
  find("#filters").hidden = false;
  find("#cut")?.remove();
  text.addEventListener("input", filter);
  for (const select of choices) select.addEventListener("change", filter);
  before.addEventListener("click", turn(-1));
  after.addEventListener("click", turn(1));
  filter();
})();
