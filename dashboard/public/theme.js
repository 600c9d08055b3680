// Runs before the first paint so that a chosen theme does not flash. The policy forbids inline script.
try {
  var chosen = localStorage.getItem('idast.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be denied; the system's theme stands.
}
