// Dark or light, before anything is drawn: what the reader chose here, else what the system says.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing for a page goes by the system.
}
