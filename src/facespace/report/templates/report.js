"use strict";
// Everything in the page is readable without this script; it adds sorting, switching between layers, tooltips, the theme.

const number = (value, decimals) => {
  if (value === null) return "–";
  const text = value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return /[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
};

// none → first → second → none
const nextOrder = (now, first, second) => (now === first ? second : now === second ? null : first);

// ---- theme
{
  const button = document.querySelector("[data-theme-toggle]");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  let chosen = null;
  try { chosen = localStorage.getItem("facespace-theme"); } catch { /* storage is closed to files in some browsers */ }
  const isDark = () => (chosen ? chosen === "dark" : system.matches);
  const show = () => {
    if (chosen) root.dataset.theme = chosen;
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
  };
  button.addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    try { localStorage.setItem("facespace-theme", chosen); } catch { /* the choice then lasts for this visit */ }
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();
}

// ---- signature
for (const button of document.querySelectorAll("[data-copy]")) {
  const code = button.parentElement.querySelector("code");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // without permission the user copies the selection
      button.textContent = "Selected";
    }
  });
}

// ---- tables
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, index) => {
    const numeric = head.classList.contains("n");
    head.querySelector("button").addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const order = numeric ? nextOrder(now, "descending", "ascending") : nextOrder(now, "ascending", "descending");
      for (const other of heads) other.removeAttribute("aria-sort");
      let rows = original;
      if (order) {
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        rows = [...original].sort((a, b) => {
          const [x, y] = [a.cells[index], b.cells[index]];
          if (!numeric) return sign * x.textContent.localeCompare(y.textContent, "en", { numeric: true });
          const [v, w] = [Number(x.dataset.v ?? NaN), Number(y.dataset.v ?? NaN)];
          return Number.isNaN(v) || Number.isNaN(w) ? Number.isNaN(v) - Number.isNaN(w) : sign * (v - w);
        });
      }
      body.append(...rows);
    });
  });
  const tools = table.closest("section").querySelector(".tools");
  const input = tools.querySelector("input");
  if (input) {
    const count = tools.querySelector(".count");
    const update = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of original) {
        const text = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      count.textContent = `${shown} of ${original.length} rows`;
    };
    input.addEventListener("input", update);
    input.parentElement.hidden = count.hidden = false;
    update();
  }
}

// ---- matrices
const tip = document.getElementById("tip");
const hideTip = () => { tip.hidden = true; };
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", hideTip, { passive: true, capture: true });

for (const room of document.querySelectorAll("[data-matrix]")) {
  const data = JSON.parse(room.querySelector("script").textContent);
  const table = room.querySelector("table");
  const body = table.tBodies[0];
  const headRow = table.tHead.rows[0];
  const order = { rows: data.rows.map((_, i) => i), columns: data.columns.map((_, i) => i) };
  let sorted = { rows: null, columns: null }; // by which column the rows are sorted, and how; and the reverse
  const chosen = data.options.map(() => 0);

  const measureAt = (index) => data.measures[data.options.at(-1)[index]];
  const values = (measure = chosen.at(-1)) => data.layers[[...chosen.slice(0, -1), measure].join(",")];
  const cells = data.rows.map(() => []);
  for (const row of body.rows) for (const cell of [...row.cells].slice(1)) cells[row.dataset.r][cell.dataset.c] = cell;
  const rowOf = [...body.rows];
  const headOf = [...headRow.cells].slice(1);

  const paint = () => {
    const measure = measureAt(chosen.at(-1));
    const [low, high] = measure.scale;
    values().forEach((line, r) => line.forEach((value, c) => {
      const cell = cells[r][c];
      cell.textContent = number(value, measure.decimals);
      if (value === null) cell.style.removeProperty("--t");
      else cell.style.setProperty("--t", Math.round(100 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)))));
    }));
    const scale = room.querySelector(".scale");
    for (const element of [table, scale]) {
      element.classList.toggle("high", measure.better === "high");
      element.classList.toggle("low", measure.better === "low");
    }
    scale.querySelector(".low").textContent = `≤ ${number(low, measure.decimals)}`;
    scale.querySelector(".high").textContent = `≥ ${number(high, measure.decimals)}`;
    scale.querySelector(".reading").textContent = measure.better === "high" ? "more is better" : "less is better";
    const parts = chosen.slice(0, -1).map((option, level) => data.options[level][option]);
    room.querySelector(".layer").textContent = [...parts, measure.label + (measure.unit ? ` (${measure.unit})` : "")].join(" · ");
  };

  const arrange = () => {
    const now = values();
    const by = (get, direction) => (a, b) => {
      const [v, w] = [get(a), get(b)];
      return v === null || w === null ? (v === null) - (w === null) : (direction === "ascending" ? 1 : -1) * (v - w) || a - b;
    };
    order.rows = data.rows.map((_, i) => i);
    order.columns = data.columns.map((_, i) => i);
    if (sorted.rows) order.rows.sort(by((r) => now[r][sorted.rows.index], sorted.rows.direction));
    if (sorted.columns) order.columns.sort(by((c) => now[sorted.columns.index][c], sorted.columns.direction));
    headRow.append(...order.columns.map((c) => headOf[c]));
    for (const r of order.rows) {
      rowOf[r].append(...order.columns.map((c) => cells[r][c]));
      body.append(rowOf[r]);
    }
    const mark = (head, state, index) => {
      if (state && state.index === index) head.setAttribute("aria-sort", state.direction);
      else head.removeAttribute("aria-sort");
    };
    headOf.forEach((head, c) => mark(head, sorted.rows, c));
    rowOf.forEach((row, r) => mark(row.cells[0], sorted.columns, r));
    room.querySelector("[data-reset]").disabled = !sorted.rows && !sorted.columns;
  };

  const sortBy = (axis, index) => {
    const now = sorted[axis]?.index === index ? sorted[axis].direction : null;
    const [good, bad] = measureAt(chosen.at(-1)).better === "high" ? ["descending", "ascending"] : ["ascending", "descending"];
    const direction = nextOrder(now, good, bad);
    sorted[axis] = direction ? { index, direction } : null;
    arrange();
  };
  headOf.forEach((head, c) => head.querySelector("button").addEventListener("click", () => sortBy("rows", c)));
  rowOf.forEach((row, r) => row.cells[0].querySelector("button").addEventListener("click", () => sortBy("columns", r)));
  room.querySelector("[data-reset]").addEventListener("click", () => { sorted = { rows: null, columns: null }; arrange(); });

  for (const field of room.querySelectorAll("fieldset")) {
    field.addEventListener("change", (event) => {
      chosen[field.dataset.level] = Number(event.target.value);
      paint();
      arrange();
    });
  }

  const describe = (r, c) => {
    const names = data.rows[r] === data.columns[c] ? data.rows[r] : `${data.rows[r]} → ${data.columns[c]}`;
    const lines = data.options.at(-1).map((_, i) => {
      const measure = measureAt(i);
      const value = values(i)[r][c];
      return value === null ? null : `${measure.label}: ${number(value, measure.decimals + 1)}${measure.unit ? ` ${measure.unit}` : ""}`;
    });
    const detail = data.details[chosen.slice(0, -1).join(",")]?.[r][c];
    return [names, ...lines, detail || null].filter((line) => line !== null);
  };

  const showTip = (cell) => {
    const [head, ...lines] = describe(Number(cell.parentElement.dataset.r), Number(cell.dataset.c));
    const title = document.createElement("strong");
    title.textContent = head;
    const rest = document.createElement("span");
    rest.textContent = lines.join("\n");
    tip.replaceChildren(title, rest);
    tip.hidden = false;
    const box = cell.getBoundingClientRect();
    const [width, height] = [tip.offsetWidth, tip.offsetHeight];
    const left = Math.min(Math.max(8, box.left + box.width / 2 - width / 2), document.documentElement.clientWidth - width - 8);
    const above = box.top - height - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : box.bottom + 8}px`;
  };

  // One cell at a time is in the tab order; the arrow keys move on from there.
  let current = cells[0][0];
  current.tabIndex = 0;
  const enter = (cell) => {
    current.tabIndex = -1;
    current.removeAttribute("aria-describedby");
    current = cell;
    current.tabIndex = 0;
    current.setAttribute("aria-describedby", "tip");
  };
  body.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("td[data-c]");
    if (cell) showTip(cell); else hideTip();
  });
  body.addEventListener("pointerleave", hideTip);
  body.addEventListener("focusin", (event) => {
    const cell = event.target.closest("td[data-c]");
    if (!cell) return;
    enter(cell);
    showTip(cell);
  });
  body.addEventListener("focusout", hideTip);
  body.addEventListener("click", (event) => {
    const cell = event.target.closest("td[data-c]");
    if (cell) { enter(cell); cell.focus({ preventScroll: true }); showTip(cell); }
  });
  body.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td[data-c]");
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!cell || !step) return;
    event.preventDefault();
    const row = order.rows[order.rows.indexOf(Number(cell.parentElement.dataset.r)) + step[0]];
    const column = order.columns[order.columns.indexOf(Number(cell.dataset.c)) + step[1]];
    const next = cells[row]?.[column];
    if (next) { enter(next); next.focus(); }
  });

  room.querySelector(".switches").hidden = !room.querySelector("fieldset");
  room.querySelector(".help").hidden = false;
  room.querySelector("[data-reset]").disabled = true;
}
