// The queue's order is that of its priorities, then of age. To have an entry at another place is to give it, and sometimes
// its neighbours, other priorities: as few as will do.

/** A copy of the list with one item at another place. */
export function moved(list, from, to) {
  const copy = [...list];
  copy.splice(to, 0, ...copy.splice(from, 1));
  return copy;
}

// Of two with the same priority the older one goes first.
const older = (a, b) => a.created_at < b.created_at;

/** The least priority with which `upper` stands before `lower`, when that has the priority `p`; and the most the other way round. */
const above = (upper, lower, p) => (older(upper, lower) ? p : p + 1);
const below = (lower, upper, p) => (older(upper, lower) ? p : p - 1);

function push(wanted, at, step, first, bound) {
  const changes = new Map([[wanted[at].queue_id, first]]);
  let p = first;
  for (let i = at + step; wanted[i]; i += step) {
    const need = bound(wanted[i], wanted[i - step], p);
    if (step < 0 ? wanted[i].priority >= need : wanted[i].priority <= need) break; // from here on they stand as they should
    changes.set(wanted[i].queue_id, need);
    p = need;
  }
  return changes;
}

/** wanted: the waiting entries as they should stand, all but wanted[at] in their present order. Map of queue_id -> priority to set. */
export function prioritiesFor(wanted, at) {
  const [before, entry, after] = [wanted[at - 1], wanted[at], wanted[at + 1]];
  const least = after ? above(entry, after, after.priority) : -Infinity;
  const most = before ? below(entry, before, before.priority) : Infinity;
  if (least <= most) {
    if (entry.priority >= least && entry.priority <= most) return new Map();
    return new Map([[entry.queue_id, entry.priority < least ? least : most]]);
  }
  // No room between the neighbours: those before it rise, or those behind it sink.
  const rise = push(wanted, at, -1, least, above);
  const sink = push(wanted, at, 1, most, below);
  return rise.size <= sink.size ? rise : sink;
}
