"""The live page of the fleet: one file, no library; every word from outside goes in as text, never as markup."""

from __future__ import annotations

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Simulated fleet</title>
<style>
  :root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
  body { margin: 1.5rem; max-width: 72rem; }
  h1 { font-size: 1.2rem; } h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #8884; font-variant-numeric: tabular-nums; }
  .started { color: #0a7d33; } .failed, .critical { color: #c0262d; } .moving { color: #b26a00; } .resting { color: #777; }
  td.changed { background: #ffd54f55; }
  #traffic { display: inline-block; height: .7rem; background: #0a7d33; vertical-align: middle; }
  #log { white-space: pre; font: 12px/1.4 ui-monospace, monospace; max-height: 18rem; overflow: auto; background: #8881; padding: .5rem; }
</style>
</head>
<body>
<h1>Simulated fleet <small id="now"></small></h1>
<div id="fleet">loading</div>
<h2>Last requests</h2>
<div id="log"></div>
<script>
"use strict";
const before = new Map();
let seen = 0;
const lines = [];
function cell(row, text, name) {
  const td = document.createElement("td");
  td.textContent = text;
  if (name) td.className = name;
  row.append(td);
  return td;
}
function tone(state) {
  if (state === "started") return "started";
  if (state === "failed" || state === "launch_failed" || state === "destroyed") return "failed";
  return ["stopped", "suspended", "created"].includes(state) ? "resting" : "moving";
}
function rows(table, machines) {
  const receiving = machines.filter((m) => m.receives_traffic).length;
  for (const m of machines) {
    const row = table.insertRow();
    row.dataset.machine = m.id;
    cell(row, m.group || "–"); cell(row, m.region); cell(row, m.id); cell(row, m.state, tone(m.state));
    const checks = m.checks || [];
    cell(row, checks.length ? checks.filter((c) => c.status === "passing").length + "/" + checks.length : "–",
         checks.some((c) => c.status === "critical") ? "critical" : "");
    const config = m.config || m.incomplete_config || {};
    cell(row, config.image || "");
    cell(row, m.version.slice(-6)); cell(row, m.lease ? m.lease.owner : ""); cell(row, m.cordoned ? "cordoned" : "");
    cell(row, m.receives_traffic ? Math.round(100 / receiving) + " %" : "0 %");
    [...row.cells].forEach((td, i) => {
      const key = m.id + i;
      if (before.has(key) && before.get(key) !== td.textContent) td.classList.add("changed");
      before.set(key, td.textContent);
    });
  }
}
function show(fleet) {
  document.getElementById("now").textContent = fleet.now.toFixed(1) + " s";
  const place = document.createElement("div");
  for (const [name, app] of Object.entries(fleet.apps)) {
    const title = document.createElement("h2");
    const releases = app.releases.length ? ", release v" + app.releases.at(-1).version + " " + app.releases.at(-1).status : "";
    title.textContent = name + " — " + app.machines.length + " machines" + releases;
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const word of ["group", "region", "machine", "state", "checks", "image", "version", "lease", "cordon", "traffic"]) {
      const th = document.createElement("th"); th.textContent = word; head.append(th);
    }
    const body = table.createTBody();
    const order = (m) => [m.group, m.region, m.created_at, m.id].join("\\u0000");
    rows(body, [...app.machines].sort((a, b) => (order(a) < order(b) ? -1 : 1)));
    place.append(title, table);
  }
  document.getElementById("fleet").replaceChildren(place);
}
function log(rows) {
  for (const r of rows) {
    lines.push(r.at.toFixed(2).padStart(8) + "  " + (r.status || "–").toString().padStart(3) + "  " + r.method.padEnd(6) + " " + r.path + (r.fault ? "   ← " + r.fault : ""));
  }
  seen += rows.length;
  document.getElementById("log").textContent = lines.slice(-200).reverse().join("\\n");
}
async function turn() {
  try {
    show(await (await fetch("/_sim/fleet")).json());
    log(await (await fetch("/_sim/journal?since=" + seen)).json());
  } catch (error) {
    document.getElementById("now").textContent = "the simulator does not answer";
  }
  setTimeout(turn, 400);
}
turn();
</script>
</body>
</html>
"""
