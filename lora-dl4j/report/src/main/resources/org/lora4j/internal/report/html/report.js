"use strict";
document.querySelectorAll("table").forEach(function (table) {
  var body = table.tBodies[0];
  if (!body || body.rows.length < 2) {
    return;
  }
  var heads = Array.from(table.tHead.rows[0].cells);
  function key(row, at) {
    var cell = row.cells[at];
    return cell.hasAttribute("data-v") ? Number(cell.getAttribute("data-v")) : cell.textContent;
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") {
      return a - b;
    }
    if (typeof a !== typeof b) {
      return typeof a === "number" ? -1 : 1;
    }
    return a.localeCompare(b);
  }
  heads.forEach(function (head, at) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var numbers = head.classList.contains("n");
      var now = head.getAttribute("aria-sort");
      var falls = now ? now === "ascending" : numbers;
      heads.forEach(function (other) {
        other.removeAttribute("aria-sort");
      });
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      Array.from(body.rows)
        .sort(function (a, b) {
          var order = compare(key(a, at), key(b, at));
          return falls ? -order : order;
        })
        .forEach(function (row) {
          body.appendChild(row);
        });
    });
  });
  if (body.rows.length < 8) {
    return;
  }
  var label = document.createElement("label");
  var input = document.createElement("input");
  var count = document.createElement("span");
  label.className = "filter";
  input.type = "search";
  count.setAttribute("role", "status");
  label.append("Filter", input, count);
  table.parentNode.parentNode.insertBefore(label, table.parentNode);
  input.addEventListener("input", function () {
    var words = input.value.toLowerCase();
    var shown = 0;
    Array.from(body.rows).forEach(function (row) {
      row.hidden = row.textContent.toLowerCase().indexOf(words) < 0;
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = words ? shown + " of " + body.rows.length + " rows" : "";
  });
});
window.addEventListener("beforeprint", function () {
  document.querySelectorAll("details").forEach(function (fold) {
    fold.open = true;
  });
});
