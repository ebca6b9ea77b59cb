// Positions in the event log: "N" or "N.M", decimal strings of any length.

function compareDecimal(a, b) {
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

export const isPosition = (id) => typeof id === 'string' && /^\d+(\.\d+)?$/.test(id);

/** Negative, zero or positive, as `a` lies before, at or after `b`. */
export function comparePositions(a, b) {
  const [aEvent, aPart = '0'] = a.split('.');
  const [bEvent, bPart = '0'] = b.split('.');
  return compareDecimal(aEvent, bEvent) || compareDecimal(aPart, bPart);
}

/** Where a reader at `cursor` stands after a gap message. A gap that starts behind the cursor says that the log ends
 *  before it (the log was restored): reading goes on from that end, or later events would look like old ones. */
export function afterGap(cursor, gap) {
  if (!isPosition(cursor) || comparePositions(gap.first, cursor) > 0) return gap.last;
  return gap.head ?? (BigInt(gap.first) - 1n).toString();
}

/** Has a reader at `cursor` had the message `id`? A snapshot's id only says whether it is the same state. */
export function wasSeen(cursor, id, snapshots) {
  if (id === undefined) return false;
  if (snapshots || !isPosition(id) || !isPosition(cursor)) return id === cursor;
  return comparePositions(id, cursor) <= 0;
}
