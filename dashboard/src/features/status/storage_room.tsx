import type { Storage } from '../../api/shapes';
import { roomOf } from './storage';

/** One line for the foot of the page: used, free, and for how many days. Nothing while not known. */
export function StorageLine({ storage }: { storage: Storage | null }) {
  if (storage === null) return null;
  return <p className="number">{roomOf(storage).line}</p>;
}

/** The disk is full in less than a month. Nothing otherwise. */
export function StorageBanner({ storage }: { storage: Storage | null }) {
  const low = storage === null ? null : roomOf(storage).low;
  if (low === null) return null;
  return (
    <section className="banner" aria-label="Room on the disk">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0M4 15c0 4 16 4 16 0" />
      </svg>
      <p>
        <b role="alert">{low.fault}</b> {low.more}
      </p>
    </section>
  );
}
