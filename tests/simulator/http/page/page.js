// Asks for the fleet again and again and changes what differs. Every word from outside goes in as text, never as markup.
"use strict";
const rows = new Map();
const lines = new Map();
const COLUMNS = ["region", "id", "state", "checks", "image", "version", "lease", "traffic"];
let seen = 0;
let known = "";

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function tone(state) {
  if (state === "started") return "good";
  if (["stopped", "suspended", "created"].includes(state)) return "rest";
  return ["failed", "launch_failed", "destroyed"].includes(state) || state.startsWith("host") ? "bad" : "move";
}

function percent(share) {
  return share ? Math.round(share * 100) + " %" : "–";
}

function words(machine) {
  const [passing, all] = machine.checks;
  return {
    region: machine.region,
    id: machine.id,
    state: machine.state + (machine.cordoned ? ", cordoned" : ""),
    checks: all ? passing + "/" + all : "–",
    image: machine.image.replace(/@sha256:.*/, "").split("/").pop(),
    version: "…" + machine.version.slice(-7),
    lease: machine.lease,
    traffic: percent(machine.share),
  };
}

function makeRow() {
  const row = make("tr");
  for (const column of COLUMNS) row.append(make("td", column));
  const bar = make("span", "bar");
  bar.append(make("i"));
  row.lastChild.append(bar, make("span"));
  return row;
}

function fill(row, machine) {
  const known = row.dataset.machine === machine.id;
  row.dataset.machine = machine.id;
  row.dataset.state = machine.state;
  row.dataset.tone = tone(machine.state);
  row.classList.toggle("critical", machine.critical);
  row.title = [machine.name, machine.image, machine.version].join("\n");
  const text = words(machine);
  COLUMNS.forEach((column, index) => {
    const cell = row.cells[index];
    const place = column === "traffic" ? cell.lastChild : cell;
    if (place.textContent === text[column]) return;
    place.textContent = text[column];
    if (!known) return;
    row.dataset.changes = Number(row.dataset.changes || 0) + 1;
    cell.classList.add("flash");
    setTimeout(() => cell.classList.remove("flash"), 300);
  });
  row.querySelector("i").style.width = 100 * machine.share + "%";
}

function makeTable() {
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const column of COLUMNS) head.append(make("th", "", column === "id" ? "machine" : column));
  table.createTBody();
  return table;
}

function showGroup(place, app, group, machines) {
  const key = JSON.stringify([app.name, group]);
  let card = [...place.children].find((child) => child.dataset.key === key);
  if (!card) {
    card = make("div", "group");
    card.dataset.key = key;
    const title = make("h3");
    title.append(make("b", "", group || "no group"), make("span"));
    card.append(title, makeTable());
    place.append(card);
  }
  const taking = machines.filter((machine) => machine.share > 0).length;
  const served = machines.some((machine) => machine.checks[1] || machine.share) ? `, ${taking} taking requests` : "";
  card.querySelector("h3 span").textContent = ` — ${machines.length} machine${machines.length === 1 ? "" : "s"}${served}`;
  const body = card.querySelector("tbody");
  machines.forEach((machine, index) => {
    const key = app.name + "/" + machine.id;
    if (!rows.has(key)) rows.set(key, makeRow());
    const row = rows.get(key);
    fill(row, machine);
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] || null);
  });
  while (body.children.length > machines.length) body.lastChild.remove();
  return card;
}

function showApp(place, app) {
  let section = [...place.children].find((child) => child.dataset.app === app.name);
  if (!section) {
    section = make("section", "app");
    section.dataset.app = app.name;
    section.append(make("h2", "", app.name), make("p"), make("div", "groups"));
    place.append(section);
  }
  const living = app.machines.filter((machine) => machine.state !== "destroyed");
  const started = living.filter((machine) => machine.state === "started").length;
  const leased = living.filter((machine) => machine.lease).length;
  const parts = [`${started} of ${living.length} machines started`, leased ? `${leased} leased` : "", app.release ? "release " + app.release : ""];
  section.querySelector("p").textContent = parts.filter(Boolean).join(" · ");
  const groups = new Map();
  for (const machine of app.machines) groups.set(machine.group, [...(groups.get(machine.group) || []), machine]);
  const cards = [...groups].map(([group, machines]) => showGroup(section.lastChild, app, group, machines));
  for (const card of [...section.lastChild.children]) if (!cards.includes(card)) card.remove();
}

function showRequests(requests) {
  const log = document.getElementById("log");
  for (const [order, at, status, method, path, fault] of requests) {
    if (!lines.has(order)) lines.set(order, log.insertBefore(make("li"), log.firstChild));
    const line = lines.get(order);
    line.textContent = `${at.toFixed(2).padStart(9)}  ${String(status || "…").padStart(3)}  ${method.padEnd(6)} ${path}${fault ? "  ← " + fault : ""}`;
    line.className = status >= 400 || fault ? "refused" : method === "GET" ? "" : "write";
  }
  for (const [order, line] of lines) {
    if (lines.size <= 200) break;
    lines.delete(order);
    line.remove();
  }
}

async function turn() {
  const clock = document.getElementById("clock");
  try {
    const look = await (await fetch(`/_sim/rows?since=${seen}&known=${known}`)).json();
    clock.textContent = `${look.now.toFixed(1)} s${look.speed === 1 ? "" : ` at ${look.speed} times Fly's speed`}`;
    for (const app of look.apps) showApp(document.getElementById("apps"), app);
    showRequests(look.requests);
    seen = look.seen;
    known = look.known;
  } catch {
    clock.textContent = "the simulator does not answer";
  }
  setTimeout(turn, 100); // the answer is held until something changes
}

turn();
