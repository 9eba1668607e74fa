// Makes the tables sortable by a click on a heading. The document is complete without it.
(() => {
  const units = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, min: 60, h: 3600, d: 86400 };
  const ranks = { critical: 5, high: 4, medium: 3, low: 2, info: 1 };
  const value = (cell) => {
    const chip = cell.querySelector(".chip");
    if (chip) for (const name of chip.classList) if (name in ranks) return -ranks[name];
    const found = cell.textContent.trim().match(/^\[?D?([0-9][0-9,]*(?:\.[0-9]+)?)\s*(ns|us|ms|s|min|m|h|d|%)?(?![a-z0-9.])/);
    return found ? Number(found[1].replaceAll(",", "")) * (units[found[2]] ?? 1) : NaN;
  };
  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0];
    if (body.rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].map((row) => ({ row, number: value(row.cells[column]), words: row.cells[column].textContent }));
        rows.sort((a, b) => {
          if (Number.isNaN(a.number) !== Number.isNaN(b.number)) return Number.isNaN(a.number) ? 1 : -1;
          const order = Number.isNaN(a.number) ? a.words.localeCompare(b.words) : a.number - b.number;
          return down ? -order : order;
        });
        body.append(...rows.map((entry) => entry.row));
      });
    });
  }
})();
