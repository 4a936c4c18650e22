// What pages do beyond links and forms: the switch of dark and light, and newest values while a training runs, and how many runs are ticked.

// --- dark and light

const root = document.documentElement;
const button = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
}

function sayTheme() {
  button.textContent = isDark() ? "Light" : "Dark";
  document.dispatchEvent(new CustomEvent("theme", { detail: isDark() ? "dark" : "light" }));
}

button.hidden = false;
button.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // It holds for this page alone then.
  }
  sayTheme();
});
system.addEventListener("change", sayTheme);
sayTheme();

// --- live: the server says that something changed, and htmx brings the part of the page that shows it

const live = document.getElementById("live");
if (live?.dataset.events) {
  const events = new EventSource(live.dataset.events);
  events.addEventListener("changed", () => htmx.trigger(document.body, "changed"));
  addEventListener("pagehide", () => events.close());
}

// What the reader opened, ticked and stood on stays as it was.
let kept = null;
document.addEventListener("htmx:beforeSwap", () => {
  kept = {
    open: [...document.querySelectorAll("#live details[id]")].map((each) => [each.id, each.open]),
    ticked: [...document.querySelectorAll("#live input:checked")].map((each) => each.id),
    focus: place(document.activeElement),
  };
});
document.addEventListener("htmx:afterSwap", () => {
  for (const [id, open] of kept?.open ?? []) document.getElementById(id)?.toggleAttribute("open", open);
  for (const id of kept?.ticked ?? []) if (document.getElementById(id)) document.getElementById(id).checked = true;
  sayTicked();
  if (kept?.focus) document.querySelector(kept.focus)?.focus({ preventScroll: true });
  document.getElementById("status").textContent = document.getElementById("live")?.dataset.status ?? "";
});

// --- two runs are compared, no more and no fewer

function sayTicked() {
  const compare = document.getElementById("compare");
  if (compare) compare.disabled = document.querySelectorAll("input[name=run]:checked").length !== 2;
}

document.addEventListener("change", sayTicked);
addEventListener("pageshow", sayTicked); // going back, a browser ticks what was ticked
sayTicked();

function place(element) {
  const around = element?.closest("#live") && element.closest("[id]");
  if (!around) return null;
  const link = element.getAttribute("href");
  const which = element === around ? "" : link ? ` a[href="${CSS.escape(link)}"]` : ` ${element.localName}`;
  return `#${CSS.escape(around.id)}${which}`;
}
