// Runs before the first paint so that neither a chosen theme nor the sky of the last visit flashes. The
// policy forbids inline script.
document.documentElement.dataset.scene = 'day';
try {
  var chosen = localStorage.getItem('idast.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
  var scene = localStorage.getItem('idast.scene');
  if (scene === 'golden' || scene === 'night') document.documentElement.dataset.scene = scene;
} catch {
  // Storage may be denied; the system's theme and the day's sky stand.
}
