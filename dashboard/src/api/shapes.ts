// What the server says, checked at the border: unknown in, a typed value or a ParseError out.
// The columns of a row come from the printed schema, so a new telemetry field needs no line here.
// Keys this page does not know are dropped: a newer server must not break an open tab.
import * as z from 'zod/mini';
import { fields, type Column } from './generated';

// Compiled validators need `new Function`, which the content security policy forbids.
z.config({ jitless: true });

type Field = (typeof fields)[Column];
type Kind = Field['kind'];
type ValueOf<K extends Kind> = K extends 'number' | 'boolean'
  ? number
  : K extends 'keys'
    ? readonly string[]
    : string;

/** One sample's columns. Booleans are 0 or 1, as SQL has them; null is unknown, never zero. */
export type Values = { [C in Exclude<Column, 'ts'>]: ValueOf<(typeof fields)[C]['kind']> | null };
/** The columns that hold a number, for charts and tiles. */
export type NumberColumn = {
  [C in Column]: (typeof fields)[C]['kind'] extends 'number' | 'boolean' ? C : never;
}[Column];
/** A whole row; `ts` is ISO-8601 UTC. */
export type Row = Values & { ts: string };
/** The columns that changed since the device's previous sample; null means gone. */
export type Change = Partial<Values> & { ts: string };

/** A name list comes as an array, or as comma-separated text from a plain SQL view. */
function namesIn(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(/[\s,"[\]]+/).filter(Boolean);
  const named = Array.isArray(value) && value.every((name) => typeof name === 'string');
  return named ? value : undefined;
}

/** A column's value as its kind has it; undefined when it is of no such kind. */
function valueOf(kind: Kind, value: unknown): ValueOf<Kind> | undefined {
  if (kind === 'keys') return namesIn(value);
  if (kind === 'boolean' && typeof value === 'boolean') return value ? 1 : 0;
  if (kind === 'boolean') return typeof value === 'number' ? (value ? 1 : 0) : undefined;
  if (kind === 'number') return typeof value === 'number' ? value : undefined;
  return typeof value === 'string' ? value : undefined;
}

const kinds = new Map<string, Kind>(
  Object.entries(fields).map(([column, field]) => [column, field.kind]),
);

/**
 * The columns that are there, by their kinds, or the name of one that is refused. By hand and not
 * by a shape: a fleet sends hundreds of rows a second, each a third of all columns, and a shape
 * looks for every one.
 */
function readChange(input: unknown): { ok: true; value: Change } | { ok: false; at: string } {
  if (typeof input !== 'object' || input === null) return { ok: false, at: '' };
  const read: Record<string, ValueOf<Kind> | null> = {};
  for (const [column, value] of Object.entries(input)) {
    const kind = kinds.get(column);
    if (kind === undefined || value === undefined) continue;
    const known: ValueOf<Kind> | null | undefined = value === null ? null : valueOf(kind, value);
    if (known === undefined) return { ok: false, at: column };
    read[column] = known;
  }
  if (typeof read['ts'] !== 'string') return { ok: false, at: 'ts' };
  // Every value was read by the kind in `fields`, which is what `Values` is derived from.
  return { ok: true, value: read as unknown as Change };
}

const change = z.pipe(
  z.unknown(),
  z.transform((input, context): Change => {
    const read = readChange(input);
    if (read.ok) return read.value;
    context.issues.push({ code: 'custom', message: 'wrong kind', input, path: [read.at] });
    return z.NEVER;
  }),
);

/** Every column unknown. */
export const kAbsent = Object.fromEntries(
  [...kinds.keys()].filter((column) => column !== 'ts').map((column) => [column, null]),
) as unknown as Values;
const row = z.pipe(change, z.transform((value): Row => ({ ...kAbsent, ...value })));

const site = z.object({
  id: z.string(),
  name: z.string(),
  lat: z.number(),
  lon: z.number(),
  time_zone: z.string(),
  currency: z.string(),
  price_per_kwh: z.number(),
  grid_factor: z.number(),
  panel_w: z.nullable(z.number()),
});
export type Site = z.infer<typeof site>;

const backfill = z.object({
  done: z.number(),
  total: z.number(),
  per_s: z.number(),
  seconds_left: z.nullable(z.number()),
});
export type Backfill = z.infer<typeof backfill>;

const status = z.enum(['live', 'delayed', 'stale', 'offline', 'asleep']);
export type Status = z.infer<typeof status>;

const deviceEntries = {
  id: z.string(),
  name: z.string(),
  site: z.nullable(site),
  mount: z.optional(z.nullable(z.string())),
  status,
  last_seen: z.nullable(z.string()),
  online: z.optional(z.nullable(z.boolean())),
  latest: z.nullable(row),
  backfill: z.optional(z.nullable(backfill)),
};
const device = z.object(deviceEntries);
export type Device = z.infer<typeof device>;

const deviceChange = z.object({
  id: z.string(),
  name: z.optional(z.string()),
  site: z.optional(z.nullable(site)),
  mount: z.optional(z.nullable(z.string())),
  status: z.optional(status),
  last_seen: z.optional(z.nullable(z.string())),
  online: z.optional(z.nullable(z.boolean())),
  latest: z.optional(z.nullable(row)),
  backfill: z.optional(z.nullable(backfill)),
  samples: z.optional(z.array(change)),
});
export type DeviceChange = z.infer<typeof deviceChange>;

const stateEvent = z.object({
  server_time: z.string(),
  broker: z.optional(z.nullable(z.string())),
  devices: z.array(device),
});
export type StateEvent = z.infer<typeof stateEvent>;

const changesEvent = z.object({ server_time: z.string(), devices: z.array(deviceChange) });
export type ChangesEvent = z.infer<typeof changesEvent>;

const sky = z.object({
  sunrise: z.nullable(z.string()),
  sunset: z.nullable(z.string()),
  t: z.array(z.number()),
  azimuth_deg: z.array(z.number()),
  elevation_deg: z.array(z.number()),
});
/** The sun's way through one site-local day; `t` in Unix ms. A polar day has no sunrise. */
export type Sky = z.infer<typeof sky>;

const energyRow = z.object({
  start: z.string(),
  energy_wh: z.nullable(z.number()),
  coverage: z.number(),
});
export type EnergyRow = z.infer<typeof energyRow>;
const energy = z.object({ period: z.string(), rows: z.array(energyRow) });
export type Energy = z.infer<typeof energy>;

const bucketColumn = z.object({
  min: z.array(z.nullable(z.number())),
  mean: z.array(z.nullable(z.number())),
  max: z.array(z.nullable(z.number())),
});
const buckets = z.object({
  step_ms: z.number(),
  t: z.array(z.number()),
  fields: z.record(z.string(), bucketColumn),
});
/** Samples the server has already bucketed: never more points than asked for; `t` in Unix ms. */
export type Buckets = z.infer<typeof buckets>;

const gainRow = z.object({
  start: z.string(),
  energy_wh: z.nullable(z.number()),
  tracked_wh: z.nullable(z.number()),
  fixed_wh: z.nullable(z.number()),
  ideal_wh: z.nullable(z.number()),
  gain: z.nullable(z.number()),
  gain_low: z.nullable(z.number()),
  gain_high: z.nullable(z.number()),
  net_gain: z.nullable(z.number()),
  motion_wh: z.nullable(z.number()),
  electronics_wh: z.nullable(z.number()),
  coverage: z.number(),
  off_mpp: z.number(),
  verdict: z.nullable(z.string()),
  why: z.nullable(z.string()),
});
export type GainRow = z.infer<typeof gainRow>;
const curve = z.object({
  step_ms: z.number(),
  t: z.array(z.number()),
  fixed_w: z.array(z.number()),
  ideal_w: z.array(z.number()),
});
/** What a fixed and an ideal panel would have made today: mean powers of steps, `t` in Unix ms. */
export type Curve = z.infer<typeof curve>;
const gain = z.object({
  rows: z.array(gainRow),
  summary_days: z.number(),
  summary: z.nullable(gainRow),
  curve,
});
/** What tracking gained over a fixed panel, by day; an estimate throughout. */
export type Gain = z.infer<typeof gain>;

const readiness = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  spool_waiting_bytes: z.optional(z.number()),
});
/** Whether the server can store what it hears; each reason begins with a word and a colon. */
export type Readiness = z.infer<typeof readiness>;

const storage = z.object({
  database_bytes: z.number(),
  disk_free_bytes: z.number(),
  keep_raw_days: z.number(),
  raw_window_bytes: z.number(),
  bytes_a_day: z.nullable(z.number()),
  days_left: z.nullable(z.number()),
});
/** What storing takes, and for how many whole days the disk lasts; null is not known (yet). */
export type Storage = z.infer<typeof storage>;

export type ParseError = { what: string; why: string };
export type Parsed<T> = { ok: true; value: T } | { ok: false; error: ParseError };

function parser<T>(what: string, shape: z.ZodMiniType<T>): (input: unknown) => Parsed<T> {
  return (input) => {
    const result = z.safeParse(shape, input);
    if (result.success) return { ok: true, value: result.data };
    const issue = result.error.issues[0];
    const why = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'refused'}`;
    return { ok: false, error: { what, why } };
  };
}

export const parseState = parser('state', stateEvent);
export const parseChanges = parser('changes', changesEvent);
export const parseSky = parser('sky', sky);
export const parseEnergy = parser('energy', energy);
export const parseGain = parser('gain', gain);
export const parseBuckets = parser('samples', buckets);
export const parseReadiness = parser('ready', readiness);
export const parseStorage = parser('storage', storage);

/** JSON text to unknown; text that is not JSON is an error like any other. */
export function parseText<T>(text: string, parse: (input: unknown) => Parsed<T>): Parsed<T> {
  try {
    return parse(JSON.parse(text));
  } catch {
    return { ok: false, error: { what: 'text', why: 'not JSON' } };
  }
}
