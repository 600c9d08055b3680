import { beforeEach, describe, expect, test, vi } from 'vitest';
import { device, row } from '../../tests/rows';
import { counterGain, LiveStore } from './live_store';
import type { Change } from './shapes';

const kId = device().id;
const at = (second: number): string => new Date(Date.UTC(2026, 9, 14, 6, 2, second)).toISOString();

let frames: (() => void)[];
let store: LiveStore;

const frame = (): void => frames.splice(0).forEach((flush) => flush());
const state = (...devices: ReturnType<typeof device>[]): void =>
  store.applyState({ server_time: at(0), broker: 'mqtt://here:1883', devices });
const samples = (...rows: Change[]): void =>
  store.applyChanges({ server_time: at(1), devices: [{ id: kId, samples: rows }] });

beforeEach(() => {
  frames = [];
  store = new LiveStore((flush) => frames.push(flush));
});

describe('the live store', () => {
  test('shows a state at the next frame, not before', () => {
    state(device());
    expect(store.device(kId)).toBeNull();
    frame();
    expect(store.device(kId)?.latest?.power_w).toBe(8.5);
    expect(store.overallNow().deviceIds).toEqual([kId]);
  });

  test('many events in one frame tell a listener once', () => {
    state(device());
    frame();
    const heard = vi.fn();
    store.subscribeDevice(kId, heard);
    for (let second = 1; second < 20; second += 1) samples({ ts: at(second), power_w: second });
    expect(frames).toHaveLength(1);
    frame();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(store.device(kId)?.latest?.power_w).toBe(19);
  });

  test('a device that did not change tells nobody', () => {
    state(device(), device({ id: 'other' }));
    frame();
    const heard = vi.fn();
    store.subscribeDevice('other', heard);
    samples({ ts: at(1), power_w: 9 });
    frame();
    expect(heard).not.toHaveBeenCalled();
  });

  test('columns that a sample does not name stay; null takes a value away', () => {
    state(device({ latest: row({ temp_c: 41 }) }));
    samples({ ts: at(1), power_w: 9 }, { ts: at(2), temp_c: null });
    frame();
    expect(store.device(kId)?.latest).toMatchObject({ power_w: 9, temp_c: null, pesos: 15.01 });
  });

  test('energy is summed from differences, and a fall starts a new count', () => {
    state(device({ latest: row({ energy_wh: 1250 }) }));
    samples(
      { ts: at(1), energy_wh: 1251 },
      { ts: at(2), energy_wh: 0.2 },
      { ts: at(3), energy_wh: 0.7 },
    );
    expect(store.gainedWh(kId)).toBeCloseTo(1.7, 9);
  });

  test('a counter that was unknown for a while gains nothing across the hole', () => {
    state(device({ latest: row({ energy_wh: 100 }) }));
    samples({ ts: at(1), energy_wh: null }, { ts: at(2), energy_wh: 130 });
    expect(store.gainedWh(kId)).toBe(0);
  });

  test('what a reconnection missed is counted from the next whole state', () => {
    state(device({ latest: row({ energy_wh: 100 }) }));
    state(device({ latest: row({ energy_wh: 104 }) }));
    expect(store.gainedWh(kId)).toBe(4);
    frame();
    expect(store.overallNow().epoch).toBe(2);
  });

  test('a device appears while we listen, and one that the server dropped goes', () => {
    state(device());
    frame();
    store.applyChanges({
      server_time: at(1),
      devices: [{ ...device({ id: 'new' }) }, { id: 'unknown', status: 'live' }],
    });
    frame();
    expect(store.overallNow().deviceIds).toEqual([kId, 'new']);
    expect(store.device('new')?.latest?.power_w).toBe(8.5);
    state(device({ id: 'new' }));
    frame();
    expect(store.device(kId)).toBeNull();
  });

  test('the trail moves only forward and takes older samples in front', () => {
    state(device({ latest: row({ ts: at(10), power_w: 1 }) }));
    samples({ ts: at(12), power_w: 2 }, { ts: at(11), power_w: 7 }, { ts: at(13), power_w: null });
    expect(store.trail(kId).power).toEqual([1, 2, null]);
    const older = [4, 8, 10].map((second) => Date.parse(at(second)));
    store.seedTrail(kId, { t: older, power: [5, 6, 1] });
    expect(store.trail(kId).power).toEqual([5, 6, 1, 2, null]);
  });

  test('a device whose clock was set back begins a new trail instead of none', () => {
    state(device({ latest: row({ ts: '2026-10-14T08:00:00.000Z', power_w: 1 }) }));
    samples({ ts: at(1), power_w: 2 }, { ts: at(2), power_w: 3 });
    expect(store.trail(kId).power).toEqual([2, 3]);
  });

  test('the trail is bounded', () => {
    state(device());
    const start = Date.parse(at(0));
    for (let index = 1; index < 6_000; index += 1) {
      samples({ ts: new Date(start + index * 350).toISOString(), power_w: index });
    }
    expect(store.trail(kId).t.length).toBeLessThan(1_200);
    expect(store.trail(kId).power.at(-1)).toBe(5_999);
  });

  test('server time stands still while the server is lost: silence ages no tracker', () => {
    vi.useFakeTimers();
    state(device());
    store.setConnection({ kind: 'open' });
    vi.advanceTimersByTime(3_000);
    expect(store.serverNow()).toBe(Date.parse(at(0)) + 3_000);
    store.setConnection({ kind: 'lost', since: 0, retryAt: 1 });
    vi.advanceTimersByTime(60_000);
    expect(store.serverNow()).toBe(Date.parse(at(0)));
    vi.useRealTimers();
  });

  test('what is saved comes back, marked as saved, until a live state replaces it', () => {
    state(device());
    frame();
    const saved = store.save();
    store = new LiveStore((flush) => frames.push(flush));
    store.restore(saved);
    expect(store.device(kId)?.latest?.power_w).toBe(8.5);
    expect(store.overallNow().savedAt).not.toBeNull();
    expect(store.overallNow().epoch).toBe(0);
    state(device());
    frame();
    expect(store.overallNow().savedAt).toBeNull();
  });
});

test.each([
  [null, 5, 0],
  [5, null, 0],
  [5, 5, 0],
  [5, 7.5, 2.5],
  [1250, 3, 3],
  [1250, 1249, 0],
  [5, -1, 0],
])('from %s to %s the counter gained %s', (before, after, gain) => {
  expect(counterGain(before, after)).toBe(gain);
});
