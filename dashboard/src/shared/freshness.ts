// How old the shown values are, in one word. The server judges whether a tracker sleeps or left
// (it knows the Last Will and the sun); between its words the age here goes on counting.
import type { Status } from '../api/shapes';
import { clock, decimal, duration } from './format';

export const kLiveBelowMs = 2_000;
export const kDelayedBelowMs = 15_000;

export type Freshness = { status: Status; word: string; age: string };

/** The status that an age alone stands for. Only the server says "offline". */
export function statusOfAge(ageMs: number): Status {
  if (ageMs < kLiveBelowMs) return 'live';
  return ageMs <= kDelayedBelowMs ? 'delayed' : 'stale';
}

/**
 * `now` and `lastSeen` are server time, ms. A silent server cannot age its devices: the caller
 * freezes `now` while the connection is lost.
 */
export function freshness(
  said: Status,
  lastSeen: number | null,
  now: number,
  zone: string,
): Freshness {
  const age = lastSeen === null ? null : Math.max(0, now - lastSeen);
  const judged = said === 'asleep' || said === 'offline' || age === null;
  const status = judged ? said : statusOfAge(age);
  const word = status.toUpperCase();
  if (age === null || lastSeen === null) return { status, word, age: '' };
  if (status === 'live') return { status, word, age: `${decimal(age / 1000, 1)} s` };
  if (status === 'offline') {
    const today = age < 24 * 3_600_000;
    return { status, word, age: today ? `since ${clock(lastSeen, zone)}` : duration(age) };
  }
  if (status === 'asleep') return { status, word, age: '' };
  return { status, word, age: duration(age) };
}

/** Whether numbers are drawn dimmed: they are kept, but are no longer now. */
export function isDimmed(status: Status): boolean {
  return status === 'stale' || status === 'offline';
}
