import { describe, expect, test } from 'vitest';
import { alongCurve, bucketColumns, extremes, liveColumns, peakOf, withCurve } from './columns';

const kNow = 1_000_000_000;

describe('the last five minutes', () => {
  test('readings that stood apart longer than a stale’s age leave a gap', () => {
    const t = [kNow - 60_000, kNow - 59_650, kNow - 20_000, kNow];
    const { values } = liveColumns({ t, power: [5, 6, 7, 8] }, kNow);
    expect(values[0]).toEqual([5, 6, null, 7, null, 8]);
  });

  test('an unknown power is a gap, not a zero', () => {
    const trail = { t: [kNow - 700, kNow - 350, kNow], power: [5, null, 6] };
    expect(liveColumns(trail, kNow).values[0]).toEqual([5, null, 6]);
  });

  test('one sample before the window is kept so that the line enters from the edge', () => {
    const t = [kNow - 302_000, kNow - 301_000, kNow - 299_000];
    expect(liveColumns({ t, power: [1, 2, 3] }, kNow).values[0]).toEqual([2, 3]);
  });
});

describe('buckets', () => {
  const buckets = {
    step_ms: 120_000,
    t: [0, 120_000, 480_000],
    fields: { power_w: { min: [1, 2, 3], mean: [2, 3, 4], max: [3, 9, 5] } },
  };

  test('a step left out by the server becomes a gap', () => {
    const data = bucketColumns(buckets);
    expect(data.t).toEqual([0, 120, 240, 480]);
    expect(data.values[0]).toEqual([2, 3, null, 4]);
    expect(data.band?.max).toEqual([3, 9, null, 5]);
  });

  test('samples that come once a minute make a line, however short the buckets', () => {
    const t = [0, 60_000, 120_000, 600_000];
    const data = bucketColumns({ ...buckets, step_ms: 10_000, t });
    expect(data.t).toEqual([0, 60, 120, 130, 600]);
  });

  test('a column the server does not have is unknown throughout', () => {
    expect(bucketColumns(buckets).values[1]).toEqual([null, null, null, null]);
  });

  test('the peak is the highest of the highest', () => {
    expect(peakOf(buckets)).toEqual({ watts: 9, at: 120_000 });
    expect(peakOf({ step_ms: 1, t: [], fields: {} })).toBeNull();
  });
});

test('extremes of nothing are unknown', () => {
  expect(extremes([null, null])).toBeNull();
  expect(extremes([4, null, 2, 3])).toEqual({ low: 2, high: 4, last: 3 });
});

describe('the model’s curve', () => {
  const curve = { step_ms: 600_000, t: [0, 600_000, 1_800_000], fixed_w: [2, 4, 9], ideal_w: [3, 6, 9] };

  test('is straight between the middles of its steps, and a gap in its holes and outside', () => {
    const at = [0, 300, 600, 900, 1_200, 2_100, 2_400];
    expect(alongCurve(at, curve, curve.fixed_w)).toEqual([null, 2, 3, 4, null, 9, null]);
  });

  test('stands behind the day’s columns', () => {
    const data = withCurve({ t: [300], values: [[5], [80]] }, curve);
    expect(data.values).toEqual([[5], [80], [2], [3]]);
  });
});
