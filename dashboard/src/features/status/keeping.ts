// What becomes of samples while the server's database does not take them, in words.
import type { Readiness } from '../../api/shapes';

export type Keeping = { fault: string; more: string };

const kMegabyte = 1_000_000;

function size(bytes: number): string {
  if (bytes < kMegabyte) return `${Math.max(1, Math.round(bytes / 1000))} kB`;
  return `${(bytes / kMegabyte).toFixed(bytes < 10 * kMegabyte ? 1 : 0)} MB`;
}

/** Nothing while all is well: also while no broker is there, which every tracker shows by itself. */
export function keepingOf(ready: Readiness | null): Keeping | null {
  if (ready === null) return null;
  const waiting = ready.spool_waiting_bytes ?? 0;
  const locked = ready.reasons.some((reason) => reason.startsWith('database:'));
  const stuck = ready.reasons.some((reason) => reason.startsWith('spool:') && reason.includes('nothing is'));
  const kept = waiting > 0 ? `The server keeps ${size(waiting)} of samples on its disk.` : '';
  if (stuck) {
    const more = `${kept} What is newer waits with the broker and the trackers.`.trim();
    return { fault: 'The server cannot store samples.', more };
  }
  if (locked) {
    const more = waiting > 0 ? kept : 'Samples wait with the broker and the trackers.';
    return { fault: 'The database does not answer.', more: `${more} They are stored when it does.` };
  }
  if (waiting === 0) return null;
  return { fault: 'The database answers again.', more: `${size(waiting)} of kept samples are being stored.` };
}
