// The page: the report as JSON, and a script that makes tables of it. Nothing is fetched from elsewhere.
#include "explain_report.h"

namespace tenon::tools {
namespace {

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>tenon explain</title>
<style>
:root { --back: #fff; --text: #1b1f24; --faint: #667; --line: #dde1e6; --row: #f5f7f9;
  --s0: #2f6fb5; --s1: #d9822b; --s2: #4f9d69; --s3: #8a63b8; --s4: #b5a23a; --host: #9aa5b1; --copies: #c25b8e; --nobody: #c0392b; --other: #c8ced5; }
@media (prefers-color-scheme: dark) {
:root { --back: #14171a; --text: #e3e6e9; --faint: #98a2ad; --line: #30363d; --row: #1c2126;
  --s0: #5b9be0; --s1: #e59b4d; --s2: #6cbd88; --s3: #a98ad6; --s4: #cfbd58; --host: #6c7884; --copies: #d97fab; --nobody: #e5604f; --other: #4a525b; } }
* { box-sizing: border-box; }
body { background: var(--back); color: var(--text); font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1.2em; }
h1 { font-size: 1.35em; margin: 0 0 .2em; overflow-wrap: anywhere; } h2 { font-size: 1.05em; margin: 2em 0 .5em; }
.faint { color: var(--faint); }
.bar { display: flex; height: 1.5em; border-radius: 4px; overflow: hidden; background: var(--row); flex: 1; }
.bar span { min-width: 1px; }
.bars { display: grid; grid-template-columns: 4em 1fr 6em; gap: .5em .8em; align-items: center; margin: 1.2em 0; }
.bars div:nth-child(3n) { text-align: right; font-variant-numeric: tabular-nums; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .5em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .28em .7em .28em 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
td.w { white-space: normal; overflow-wrap: anywhere; min-width: 12em; }
th { font-weight: 600; } th.sort { cursor: pointer; } th.sort:hover { color: var(--s0); }
th.up::after { content: " \25b4"; } th.down::after { content: " \25be"; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tbody tr:hover { background: var(--row); }
input { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 4px; padding: .3em .6em; width: 22em; max-width: 100%; margin-bottom: .6em; }
ol { padding-left: 1.4em; } li { margin-bottom: .5em; }
</style></head><body>
<h1 id="title"></h1><div class="faint" id="note"></div>
<div class="bars" id="bars"></div>
<table id="shares"></table>
<div id="help"></div>
<h2>By operator and reason</h2><table id="groups"></table>
<h2>Nodes</h2><input id="filter" placeholder="filter: words of a node, operator, backend, reason" aria-label="filter">
<span class="faint" id="count"></span><table id="rows"></table>
<script id="data" type="application/json">)";

constexpr const char* kScript = R"(</script>
<script>
"use strict";
const page = JSON.parse(document.getElementById("data").textContent), report = page.report;
const at = id => document.getElementById(id);
const make = (tag, text, className) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
};
const scaled = (v, units) => {
  if (!v) return "";
  const [f, n] = units.find(([f]) => v >= 0.9995 * f) || units[units.length - 1];
  const s = v / f;
  return s.toFixed(f === 1 && Number.isInteger(s) ? 0 : s < 9.995 ? 2 : s < 99.95 ? 1 : 0) + " " + n;
};
const time = us => scaled(us, [[1e6, "s"], [1e3, "ms"], [1, "\u00b5s"], [1e-3, "ns"]]);
const bytes = b => scaled(b, [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]]);
const percent = (part, all) => part && all ? Math.round(100 * part / all) + " %" : "";
const colours = {};
report.backends.flat().forEach((name, i) => colours[name] = `var(--s${Math.min(i, 4)})`);
for (const name of ["host", "copies", "nobody", "other"]) colours[name] = `var(--${name})`;
const where = r => r.kind === "nobody" ? "nobody" : r.kind === "copy" || r.kind === "reorder" ? "copies" : r.backend;
const whyNot = g => [...g.why_not.map(w => w.backend + ": " + w.message),
                     ...g.passed_over.map(b => b + " takes it, too, but the whole would cost more")].join("\n");
const key = name => {
  const e = make("span", undefined, "key");
  e.style.background = colours[name];
  return e;
};

// A table of rows; columns: [title, what it shows, what it is sorted by, class, whether it has a key].
function table(id, columns, rows, sortable) {
  const head = make("thead"), body = make("tbody"), line = head.appendChild(make("tr"));
  let shown = rows, by = -1, down = false;
  const fill = () => body.replaceChildren(...shown.map(row => {
    const tr = make("tr");
    for (const [, show, , className, keyed] of columns) {
      const td = tr.appendChild(make("td", undefined, className));
      if (keyed) td.append(key(keyed(row)));
      const text = show(row);
      text.split("\n").forEach((part, i) => { if (i) td.append(make("br")); td.append(part); });
    }
    return tr;
  }));
  const sort = () => {
    if (by < 0) return;
    const value = columns[by][2] || columns[by][1];
    shown = [...shown].sort((a, b) => {
      const x = value(a), y = value(b);
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
    });
  };
  columns.forEach(([title, , value, className], c) => {
    const th = line.appendChild(make("th", title, className));
    if (!sortable) return;
    th.classList.add("sort");
    th.onclick = () => {
      down = by === c ? !down : value !== undefined;
      by = c;
      for (const other of line.children) other.classList.remove("up", "down");
      th.classList.add(down ? "down" : "up");
      sort();
      fill();
    };
  });
  at(id).append(head, body);
  fill();
  return filtered => { shown = filtered; sort(); fill(); };
}

function bar(title, parts, total, text) {
  const box = make("div", undefined, "bar");
  for (const part of parts) {
    const span = box.appendChild(make("span"));
    span.style.background = colours[part.where];
    span.style.flex = String(part.value / total);
    span.title = part.where + " " + percent(part.value, total);
  }
  at("bars").append(make("div", title, "faint"), box, make("div", text));
}

at("title").textContent = document.title = page.title;
at("note").textContent = page.note;
const all = report.totals;
const part = value => page.shares.map(s => ({where: s.where, value: value(s)})).filter(s => s.value > 0);
bar("nodes", part(s => s.where === "copies" ? 0 : s.nodes), all.nodes, String(all.nodes));
if (all.cost_us > 0) bar("time", part(s => s.us), all.cost_us, time(all.cost_us));
table("shares", [["where", s => s.where, , "", s => s.where], ["nodes", s => s.nodes ? String(s.nodes) : "", , "n"],
  ["", s => s.where === "copies" ? "" : percent(s.nodes, all.nodes), , "n"], ["time", s => time(s.us), , "n"],
  ["", s => percent(s.us, all.cost_us), , "n"], ["", s => s.note, , "w"]], page.shares, false);
if (page.helps.length) {
  at("help").append(make("h2", "What would help, as the model of costs sees it"));
  const list = at("help").appendChild(make("ol"));
  for (const help of page.helps) list.appendChild(make("li", help.what)).append(make("br"), make("span", help.change, "faint"));
}
table("groups", [["where", g => g.kind === "nobody" ? "nobody" : g.backend, , "", where], ["kind", g => g.kind], ["operator", g => g.op],
  ["nodes", g => String(g.rows), g => g.rows, "n"], ["time", g => time(g.cost_us), g => g.cost_us, "n"],
  ["bytes", g => bytes(g.bytes), g => g.bytes, "n"], ["why not before", whyNot, , "w"]], report.groups, true);
const nameOf = r => (r.path ? r.path + "/" : "") + (r.value ? '"' + r.value + '"' : r.node) + (r.origin ? "\nsays " + r.origin : "");
const rows = report.rows.map((r, i) => ({...r, index: i, name: nameOf(r), why: whyNot(report.groups[r.group])}));
for (const r of rows) r.text = [r.name, r.op, r.kind, r.backend, r.kernel, r.why].join(" ").toLowerCase();
// Where some times are those of several rows, divided.
const apportioned = rows.some(r => r.cost === "apportioned") ? [["", r => r.cost === "apportioned" ? "a share" : ""]] : [];
const show = table("rows", [["#", r => String(r.index), r => -r.index, "n"], ["node", r => r.name, , "w"], ["operator", r => r.op], ["kind", r => r.kind],
  ["where", r => where(r) === "copies" ? r.backend : where(r), , "", where], ["kernel", r => r.kernel],
  ["time", r => time(r.cost_us), r => r.cost_us, "n"], ...apportioned, ["bytes", r => bytes(r.bytes), r => r.bytes, "n"],
  ["why not before", r => r.why, , "w"]], rows, true);
const count = n => at("count").textContent = `  ${n} of ${rows.length} rows`;
count(rows.length);
at("filter").oninput = () => {
  const words = at("filter").value.toLowerCase().split(" ").filter(Boolean);
  const left = rows.filter(r => words.every(w => r.text.includes(w)));
  show(left);
  count(left.length);
};
</script></body></html>
)";

// "</script>" in a name must not end the element; JSON may write '<' as an escape.
std::string InScript(const std::string& json) {
  std::string text;
  for (const char c : json) text += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return text;
}

}  // namespace

std::string ExplainHtml(const ExplainJson& report) {
  ExplainJson page = {{"title", Title(report)},
                      {"note", CostNote(report)},
                      {"shares", ExplainJson::array()},
                      {"helps", ExplainJson::array()},
                      {"report", report}};
  for (const ExplainShare& share : Shares(report)) {
    page["shares"].push_back(
        {{"where", share.where}, {"nodes", share.nodes}, {"us", share.us}, {"note", share.note}});
  }
  for (const ExplainHelp& help : Helps(report))
    page["helps"].push_back({{"what", help.what}, {"change", help.change}});
  const std::string json = page.dump(-1, ' ', false, ExplainJson::error_handler_t::replace);
  return kHead + InScript(json) + kScript;
}

}  // namespace tenon::tools
