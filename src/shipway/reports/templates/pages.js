// Signs in with the key behind the address's "#", and puts in place what the stream sends.
(() => {
  const key = location.hash.slice(1);
  if (document.getElementById("sign-in")) {
    const refused = document.getElementById("refused");
    if (!key) return;
    fetch("/session", {method: "POST", headers: {"X-Shipway-Key": key}}).then((answer) => {
      if (answer.ok) location.replace(location.pathname + location.search);
      else refused.hidden = false;
    }, () => { refused.hidden = false; });
    return;
  }
  if (key.length > 30) history.replaceState(null, "", location.pathname + location.search);
  for (const log of document.querySelectorAll("[data-follow]")) log.scrollTop = log.scrollHeight;

  const connection = document.getElementById("connection");
  if (!connection) return;
  const part = document.getElementById("part");
  const say = (text) => { if (connection.textContent !== text) connection.textContent = text; };

  // A log is added to, so that what is selected or scrolled to stays.
  const follow = (old, fresh) => {
    const before = old.textContent, after = fresh.textContent;
    if (before === after) return;
    const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 40;
    if (after.startsWith(before)) old.append(after.slice(before.length));
    else old.textContent = after;
    if (atEnd) old.scrollTop = old.scrollHeight;
  };
  const replace = (old, fresh) => {
    const open = new Map([...old.querySelectorAll("details[id]")].map((d) => [d.id, d.open]));
    const focused = old.contains(document.activeElement) && document.activeElement.id;
    const logs = [...old.querySelectorAll("[data-follow][id]")];
    for (const details of fresh.querySelectorAll("details[id]")) {
      if (open.has(details.id)) details.open = open.get(details.id);
    }
    for (const log of logs) {
      const next = fresh.querySelector(`#${CSS.escape(log.id)}`);
      if (next) { follow(log, next); next.replaceWith(log); }
    }
    const chosen = new Map([...old.querySelectorAll("input[type=radio]:checked")].map((r) => [r.name, r.value]));
    for (const radio of fresh.querySelectorAll("input[type=radio]")) {
      if (chosen.has(radio.name)) radio.checked = chosen.get(radio.name) === radio.value;
    }
    const tops = logs.map((log) => log.scrollTop);
    old.replaceWith(fresh);
    logs.forEach((log, index) => { log.scrollTop = tops[index]; });
    if (focused) document.getElementById(focused)?.focus({preventScroll: true});
  };
  const last = new Map();
  const update = (html) => {
    const parsed = new DOMParser().parseFromString(html, "text/html").body;
    const fresh = [...parsed.children];
    const ids = new Set(fresh.map((child) => child.id).filter(Boolean));
    for (const old of [...part.children]) if (!ids.has(old.id)) old.remove();
    let before = null;
    for (const child of fresh) {
      const old = child.id && document.getElementById(child.id);
      const text = child.outerHTML;
      if (old && last.get(child.id) === text) { before = old; continue; }
      if (child.id) last.set(child.id, text);
      if (old) { replace(old, child); before = document.getElementById(child.id); }
      else { if (before) before.after(child); else part.prepend(child); before = child; }
    }
  };
  let source = null;
  const listen = () => {
    source = new EventSource(connection.dataset.stream);
    source.addEventListener("part", (event) => { update(JSON.parse(event.data)); say("Live"); });
    source.addEventListener("end", () => { source.close(); say("At its end"); location.reload(); });
    source.addEventListener("open", () => say("Live"));
    source.addEventListener("error", () => say("shipway ui does not answer: what is shown may be old"));
  };
  // A browser has few connections for one address: a page that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); source = null; } else if (!source) listen();
  });
  if (!document.hidden) listen();
})();
