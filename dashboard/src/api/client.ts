// The questions this page asks over HTTP. Every answer is parsed; nothing else in the page fetches.
import {
  parseBuckets,
  parseEnergy,
  parseGain,
  parseReadiness,
  parseStorage,
  parseSky,
  parseText,
  type Buckets,
  type Energy,
  type Gain,
  type Parsed,
  type Readiness,
  type Storage,
  type Sky,
} from './shapes';

/** `refused` answers are the server's word (a stable id) and are not retried; `unreachable` are. */
export type FetchError =
  | { kind: 'unreachable' }
  | { kind: 'refused'; status: number; id: string }
  | { kind: 'unreadable'; why: string };
export type Fetched<T> = { ok: true; value: T } | { ok: false; error: FetchError };

// A bucket query over a month of 350 ms samples must answer well inside this; then we ask again.
const kAnswerWithinMs = 10_000;

function errorId(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || !('error' in body)) return 'unknown';
    const { error } = body;
    if (typeof error !== 'object' || error === null || !('id' in error)) return 'unknown';
    return String(error.id);
  } catch {
    return 'unknown';
  }
}

async function ask<T>(
  path: string,
  parse: (input: unknown) => Parsed<T>,
  signal: AbortSignal,
  takes: (status: number) => boolean = (status) => status < 500,
): Promise<Fetched<T>> {
  let response: Response;
  let text: string;
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(kAnswerWithinMs)]);
    response = await fetch(path, { signal: within, headers: { accept: 'application/json' } });
    text = await response.text();
  } catch {
    return { ok: false, error: { kind: 'unreachable' } };
  }
  if (!takes(response.status)) return { ok: false, error: { kind: 'unreachable' } };
  if (!response.ok && response.status < 500) {
    return { ok: false, error: { kind: 'refused', status: response.status, id: errorId(text) } };
  }
  const parsed = parseText(text, parse);
  if (parsed.ok) return parsed;
  return { ok: false, error: { kind: 'unreadable', why: parsed.error.why } };
}

const devicePath = (id: string): string => `/api/v1/devices/${encodeURIComponent(id)}`;

/** The sun's way through a site-local day (YYYY-MM-DD; today when absent). `no_site` is refused. */
export function fetchSky(
  id: string,
  day: string | null,
  signal: AbortSignal,
): Promise<Fetched<Sky>> {
  const query = day === null ? '' : `?day=${day}`;
  return ask(`${devicePath(id)}/sky${query}`, parseSky, signal);
}

/** Whether the server can store what it hears. "No" comes with reasons, as a 503. */
export function fetchReadiness(signal: AbortSignal): Promise<Fetched<Readiness>> {
  return ask('/ready', parseReadiness, signal, (status) => status < 500 || status === 503);
}

/** What storing takes, and how long the disk lasts. */
export function fetchStorage(signal: AbortSignal): Promise<Fetched<Storage>> {
  return ask('/api/v1/storage', parseStorage, signal);
}

/** Energy by site-local day, the last 30 days with today last. */
export function fetchDailyEnergy(id: string, signal: AbortSignal): Promise<Fetched<Energy>> {
  return ask(`${devicePath(id)}/energy?period=day`, parseEnergy, signal);
}

/** What tracking gained over a fixed panel: the last 7 days, today last. `no_site` is refused. */
export function fetchGain(id: string, signal: AbortSignal): Promise<Fetched<Gain>> {
  return ask(`${devicePath(id)}/gain`, parseGain, signal);
}

/** Bucketed columns between two Unix ms times, at most `points` of them. */
export function fetchSamples(
  id: string,
  range: { from: number; to: number; points: number; fields: readonly string[] },
  signal: AbortSignal,
): Promise<Fetched<Buckets>> {
  const query = new URLSearchParams({
    from: new Date(range.from).toISOString(),
    to: new Date(range.to).toISOString(),
    points: String(range.points),
    fields: range.fields.join(','),
  });
  return ask(`${devicePath(id)}/samples?${query.toString()}`, parseBuckets, signal);
}
