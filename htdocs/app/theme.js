// Runs before the first paint (a plain script, not a module), so that a chosen theme does not flash.
try {
  document.documentElement.dataset.theme = localStorage.getItem('runspool.theme') ?? 'system';
} catch {
  document.documentElement.dataset.theme = 'system';
}
