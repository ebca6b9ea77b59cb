// Style sheets that few pages need, fetched with those.

const fetched = new Map();

/** Resolves when the sheet is in force, or cannot be had: a page without it is better than none. */
export function styles(href) {
  if (!fetched.has(href))
    fetched.set(
      href,
      new Promise((resolve) => {
        const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href });
        link.onload = link.onerror = resolve;
        document.head.append(link);
      }),
    );
  return fetched.get(href);
}
