// What this browser remembers. Storage may be full or forbidden; the dashboard then forgets, nothing more.

export function recall(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`runspool.${name}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`runspool.${name}`, JSON.stringify(value));
  } catch {
    // nothing to do about it
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(`runspool.${name}`);
  } catch {
    // nothing to do about it
  }
}
