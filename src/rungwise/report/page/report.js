"use strict";
// Sortable tables, and the browser of answers. What models wrote reaches the page as textContent alone.
(() => {
  const PAGE = 25;
  const make = (tag, text, name) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (name) node.className = name;
    return node;
  };

  // Tables: a click on a header sorts by its column, a second one the other way; rows apart stay last.
  const number = (text) => (/^[-−+<]?\s*\d/.test(text) ? parseFloat(text.replace("−", "-").replace(/[<\s,]/g, "")) : NaN);
  function sortBy(table, column) {
    const headers = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("aside"));
    const texts = new Map(rows.map((row) => [row, row.cells[column].textContent.trim()]));
    const numeric = [...texts.values()].every((text) => text === "" || !Number.isNaN(number(text)));
    const before = headers[column].getAttribute("aria-sort");
    const down = before ? before === "ascending" : numeric && column > 0;
    headers.forEach((header) => header.removeAttribute("aria-sort"));
    headers[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((a, b) => {
      const [x, y] = [texts.get(a), texts.get(b)];
      if (x === "" || y === "") return (x === "") - (y === ""); // what is not there stays last
      const order = numeric ? number(x) - number(y) : x.localeCompare(y, "en", { numeric: true });
      return down ? -order : order;
    });
    const first = table.tBodies[0].querySelector("tr.aside");
    rows.forEach((row) => table.tBodies[0].insertBefore(row, first));
  }
  for (const table of document.querySelectorAll("table")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = make("button", header.textContent);
      button.type = "button";
      button.title = "sort by this column";
      button.addEventListener("click", () => sortBy(table, column));
      header.replaceChildren(button);
    });
  }

  // Answers.
  const source = document.getElementById("answers-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const list = document.getElementById("list");
  const form = document.getElementById("filters");
  const item = (answer) => data.items[answer.item];
  const SIGNS = { right: "✓ ", wrong: "✗ ", unparsed: "? ", unread: "– " };
  const facets = {
    model: ["model", (a) => data.models[a.model]],
    suite: ["suite", (a) => data.suites[item(a).suite]],
    task: ["task", (a) => item(a).task],
    outcome: ["outcome", (a) => a.outcome],
    end: ["end of the text", (a) => (a.cut ? "cut off" : "whole")],
    rules: ["official rule", (a) => (a.official === null ? "none" : a.official ? "right" : "wrong")],
    reason: ["reason", (a) => a.code],
    diagnosis: ["diagnosis", (a) => a.kind || "none"],
    step: ["first wrong step", (a) => a.step || "none"],
  };
  const controls = {};
  for (const [name, [title, get]] of Object.entries(facets)) {
    const counts = new Map();
    data.answers.forEach((answer) => counts.set(get(answer), (counts.get(get(answer)) || 0) + 1));
    const label = make("label", title);
    const select = make("select");
    select.name = name;
    select.append(new Option("all", ""));
    const known = data.orders[name] || [];
    const place = (value) => (known.indexOf(value) + 1 || known.length + 1);
    [...counts.keys()].sort((x, y) => place(x) - place(y) || x.localeCompare(y)).forEach((value) => {
      select.append(new Option(`${value} (${counts.get(value).toLocaleString("en")})`, "=" + value));
    });
    label.append(select);
    label.hidden = counts.size < 2;
    form.append(label);
    controls[name] = select;
  }
  const searched = make("label", "text in the id, prompt or output", "wide");
  const search = make("input");
  search.type = "search";
  search.name = "text";
  search.autocomplete = "off";
  searched.append(search);
  const clear = make("button", "show all");
  clear.type = "button";
  form.append(searched, clear);

  let found = data.answers;
  let page = 0;
  let only = null; // the one item whose answers are asked for
  const pager = document.getElementById("pager");
  const back = make("button", "← previous");
  const next = make("button", "next →");
  const status = make("span");
  status.setAttribute("role", "status");
  back.type = next.type = "button";
  back.name = "previous";
  next.name = "next";
  pager.append(back, next, status);

  // Lower-cased once for an item or an answer, when the first search needs it.
  const lowered = new Map();
  const lower = (object, texts) => {
    if (!lowered.has(object)) lowered.set(object, texts.join("\n").toLowerCase());
    return lowered.get(object);
  };
  const holds = (answer, text) =>
    lower(item(answer), [item(answer).id, item(answer).prompt]).includes(text) ||
    lower(answer, [answer.output, answer.thinking]).includes(text);

  function filter() {
    const wanted = Object.entries(controls).filter(([, select]) => select.value);
    const text = search.value.trim().toLowerCase();
    found = data.answers.filter(
      (answer) =>
        (only === null || answer.item === only) &&
        wanted.every(([name, select]) => "=" + facets[name][1](answer) === select.value) && (!text || holds(answer, text)),
    );
    page = 0;
    show();
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    const shown = found.slice(page * PAGE, (page + 1) * PAGE);
    list.replaceChildren(...shown.map(line));
    if (!shown.length) list.append(make("li", "No answer is like this.", "none"));
    const count = (n) => n.toLocaleString("en");
    const whose = only === null ? "" : ` to item ${data.items[only].id}`;
    status.textContent =
      `${count(found.length)} of ${count(data.answers.length)} answers${whose}, page ${page + 1} of ${count(pages)}`;
    back.disabled = page === 0;
    next.disabled = page >= pages - 1;
  }

  function line(answer) {
    const asked = item(answer);
    const details = make("details");
    const summary = make("summary");
    const outcome = make("span", SIGNS[answer.outcome] + answer.outcome, `outcome ${answer.outcome}`);
    const said = make("span", answer.said || "no answer");
    said.append(make("span", `  truth ${asked.truth}`, "tag"));
    const why = answer.outcome === "right" ? "" : answer.kind && answer.kind !== "format" ? answer.kind : answer.code;
    summary.append(
      outcome,
      make("span", asked.task),
      said,
      make("span", why + (answer.cut ? ", cut off" : "")),
      make("span", `${data.models[answer.model]}, ${asked.id} #${answer.sample + 1}`, "tag"),
    );
    details.append(summary);
    details.addEventListener("toggle", () => {
      if (details.open && !details.dataset.filled) {
        details.dataset.filled = "yes";
        details.append(whole(answer));
      }
    });
    const li = make("li");
    li.append(details);
    return li;
  }

  function whole(answer) {
    const asked = item(answer);
    const box = make("div", undefined, "answer");
    const facts = make("dl");
    const fact = (name, value) => {
      if (value) facts.append(make("dt", name), make("dd", value));
    };
    fact("answer", answer.said || "none that could be read");
    fact("truth", asked.truth);
    fact("reason", answer.reason);
    fact("diagnosis", answer.kind && `${answer.kind}: ${answer.sentence}`);
    fact("first wrong step", answer.step);
    fact("official rule", answer.official === null ? "" : answer.official ? "right" : "wrong");
    fact("text", answer.cut ? "cut off by the limit on its length" : "");
    fact("asked", `${data.models[answer.model]}, ${data.suites[asked.suite]}, item ${asked.id}, sample ${answer.sample + 1}`);
    const two = make("div", undefined, "two");
    two.append(part("Prompt", asked.prompt || asked.none), part("Output", answer.output || "(empty)"));
    box.append(facts, two);
    if (answer.thinking) box.append(folded("Thinking", answer.thinking));
    if (asked.solution) box.append(folded("Worked solution", asked.solution));
    const others = make("button", "all answers to this item");
    others.type = "button";
    others.addEventListener("click", () => {
      form.reset();
      only = answer.item;
      filter();
      clear.focus();
    });
    const row = make("div", undefined, "pager");
    row.append(others);
    box.append(row);
    return box;
  }
  function part(title, text) {
    const box = make("div");
    box.append(make("h4", title), make("pre", text));
    return box;
  }
  function folded(title, text) {
    const details = make("details");
    details.append(make("summary", title), make("pre", text));
    return details;
  }

  let waiting = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    // Leaving the search field is a change too: a list made anew under the click that left it would lose that click.
    if (event.target !== search) filter();
  });
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 150);
  });
  clear.addEventListener("click", () => {
    form.reset();
    only = null;
    filter();
  });
  back.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  function turn(step) {
    page += step;
    show();
    document.getElementById("answers").scrollIntoView();
  }
  show();
})();
