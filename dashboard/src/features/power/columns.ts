// From samples and buckets to the columns that a chart draws, with gaps where nothing is known.
import type { Trail } from '../../api/live_store';
import type { Buckets, Curve } from '../../api/shapes';
import type { ChartData } from '../../shared/chart';

// Beyond this a reading is stale: the line must stop, not reach across.
const kStaleMs = 15_000;
// Buckets come at a steady step; one missing is a gap (half a step allows for rounding). Past days
// are filled in once a minute, so with short buckets most are empty without anything missing.
const kGapSteps = 1.5;
const kGapAtLeastMs = 150_000;

export const kLiveWindowMs = 5 * 60_000;

/** The last five minutes: a null wherever readings stood apart by more than a stale's age. */
export function liveColumns(trail: Trail, now: number): ChartData {
  const t: number[] = [];
  const power: (number | null)[] = [];
  const from = now - kLiveWindowMs;
  let before: number | null = null;
  trail.t.forEach((ms, index) => {
    // One sample before the window keeps the line from starting inside it.
    if ((trail.t[index + 1] ?? ms) < from) return;
    if (before !== null && ms - before > kStaleMs) {
      t.push((before + 1) / 1000);
      power.push(null);
    }
    t.push(ms / 1000);
    power.push(trail.power[index] ?? null);
    before = ms;
  });
  return { t, values: [power] };
}

/** The server's buckets as columns; a step left out becomes a gap. */
export function bucketColumns(buckets: Buckets): ChartData {
  const power = buckets.fields['power_w'];
  const battery = buckets.fields['battery_pct'];
  const t: number[] = [];
  const mean: (number | null)[] = [];
  const charge: (number | null)[] = [];
  const min: (number | null)[] = [];
  const max: (number | null)[] = [];
  const add = (ms: number, index: number | null): void => {
    const of = (column: readonly (number | null)[] | undefined): number | null =>
      index === null ? null : (column?.[index] ?? null);
    t.push(ms / 1000);
    mean.push(of(power?.mean));
    charge.push(of(battery?.mean));
    min.push(of(power?.min));
    max.push(of(power?.max));
  };
  const gap = Math.max(kGapAtLeastMs, buckets.step_ms * kGapSteps);
  let before: number | null = null;
  buckets.t.forEach((ms, index) => {
    if (before !== null && ms - before > gap) {
      add(before + buckets.step_ms, null);
    }
    add(ms, index);
    before = ms;
  });
  return { t, values: [mean, charge], band: { min, max } };
}

/** The trail that the server's buckets stand for, to put before the stream's own. */
export function trailOf(buckets: Buckets): Trail {
  return { t: [...buckets.t], power: [...(buckets.fields['power_w']?.mean ?? [])] };
}

/** Lowest, highest and last known of a column; null when nothing is known. */
export function extremes(
  column: readonly (number | null)[],
): { low: number; high: number; last: number } | null {
  const known = column.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return null;
  return {
    low: known.reduce((a, b) => Math.min(a, b)),
    high: known.reduce((a, b) => Math.max(a, b)),
    last,
  };
}

/** The highest power of the buckets and when; null when nothing is known. */
export function peakOf(buckets: Buckets): { watts: number; at: number } | null {
  let peak: { watts: number; at: number } | null = null;
  buckets.fields['power_w']?.max.forEach((watts, index) => {
    const at = buckets.t[index];
    if (watts === null || at === undefined || (peak && peak.watts >= watts)) return;
    peak = { watts, at };
  });
  return peak;
}

// Two steps of the curve further apart than this have a hole between them.
const kCurveGapSteps = 1.5;

/** The curve's value at each time: straight between the middles of its steps, a gap in its holes. */
export function alongCurve(
  t: readonly number[],
  curve: Curve,
  values: readonly number[],
): (number | null)[] {
  const half = curve.step_ms / 2;
  let next = 0;
  return t.map((seconds) => {
    const ms = seconds * 1000 - half;
    while (next < curve.t.length && (curve.t[next] ?? 0) < ms) next += 1;
    const after = curve.t[next];
    const before = curve.t[next - 1];
    if (after === ms) return values[next] ?? null;
    if (before === undefined || after === undefined) return null;
    if (after - before > curve.step_ms * kCurveGapSteps) return null;
    const low = values[next - 1] ?? 0;
    return low + (((values[next] ?? 0) - low) * (ms - before)) / (after - before);
  });
}

/** The day's columns with what a fixed and an ideal panel would have made behind them. */
export function withCurve(data: ChartData, curve: Curve): ChartData {
  const fixed = alongCurve(data.t, curve, curve.fixed_w);
  const ideal = alongCurve(data.t, curve, curve.ideal_w);
  return { ...data, values: [...data.values, fixed, ideal] };
}
