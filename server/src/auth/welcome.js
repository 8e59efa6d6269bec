const { proof, plain, next } = document.getElementById("welcome").dataset;
try {
  localStorage.setItem("kanban-proof", proof);
  location.replace(next);
} catch {
  // A browser that keeps nothing for a page is treated as one without scripts.
  location.replace(plain);
}
