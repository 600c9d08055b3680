import { describe, expect, test } from 'vitest';
import { parseBuckets, parseChanges, parseState, parseText } from './shapes';
import { device, row } from '../../tests/rows';

const state = (latest: unknown) => ({
  server_time: '2026-10-14T06:02:11.000Z',
  broker: 'mqtt://127.0.0.1:1883',
  devices: [{ ...device(), latest }],
});

describe('the stream’s events', () => {
  test('a whole state is read with every column present', () => {
    const parsed = parseState(state({ ts: '2026-10-14T06:02:11.000Z', power_w: 8.5 }));
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    expect(parsed.value.devices[0]?.latest?.power_w).toBe(8.5);
    expect(parsed.value.devices[0]?.latest?.battery_pct).toBeNull();
  });

  test('a column this page does not know is dropped, not refused', () => {
    const parsed = parseState(state({ ...row(), moon_phase: 0.3 }));
    expect(parsed.ok).toBe(true);
    if (parsed.ok) expect(parsed.value.devices[0]?.latest).not.toHaveProperty('moon_phase');
  });

  test.each([
    ['a number as text', { power_w: '8.5' }],
    ['text as a number', { device_name: 5 }],
    ['a row without time', { ts: undefined }],
    ['an object where a number belongs', { temp_c: {} }],
    ['a time that is null', { ts: null }],
    ['a number where a list of names belongs', { estimated: 3 }],
    ['a list that holds more than names', { estimated: ['powerW', 3] }],
    ['text as a flag', { manual: 'yes' }],
  ])('%s is a ParseError that names the place', (_, columns) => {
    const parsed = parseState(state({ ...row(), ...columns }));
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.error.what).toBe('state');
    expect(parsed.error.why).toContain(Object.keys(columns)[0]);
  });

  test('a status that this page does not know is an error, not a guess', () => {
    const devices = [{ ...device(), status: 'confused' }];
    expect(parseState({ server_time: '', devices }).ok).toBe(false);
  });

  test.each([null, undefined, 3, 'state', [], { devices: {} }])('%j is refused', (input) => {
    expect(parseState(input).ok).toBe(false);
    expect(parseChanges(input).ok).toBe(false);
  });

  test('text that is not JSON is an error like any other', () => {
    expect(parseText('{"a":', parseState)).toEqual({
      ok: false,
      error: { what: 'text', why: 'not JSON' },
    });
  });

  test('a change carries only the columns it names; null stays null', () => {
    const parsed = parseChanges({
      server_time: '2026-10-14T06:02:12.000Z',
      devices: [{ id: 'a', samples: [{ ts: '2026-10-14T06:02:12.000Z', power_w: null }] }],
    });
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    expect(parsed.value.devices[0]?.samples?.[0]).toEqual({
      ts: '2026-10-14T06:02:12.000Z',
      power_w: null,
    });
  });

  test('flags come as 0 and 1, or as booleans', () => {
    const parsed = parseState(state({ ...row(), manual: true, steady: 0 }));
    expect(parsed.ok && parsed.value.devices[0]?.latest?.manual).toBe(1);
    expect(parsed.ok && parsed.value.devices[0]?.latest?.steady).toBe(0);
  });

  test('estimated keys come as an array, or as text from a plain SQL view', () => {
    for (const estimated of [['powerW', 'energyWh'], 'powerW,energyWh', '["powerW","energyWh"]']) {
      const parsed = parseState(state({ ...row(), estimated }));
      const latest = parsed.ok ? parsed.value.devices[0]?.latest : null;
      expect(latest?.estimated).toEqual(['powerW', 'energyWh']);
    }
  });
});

test('buckets keep their gaps as null', () => {
  const column = { min: [1, null], mean: [2, null], max: [3, null] };
  const parsed = parseBuckets({ step_ms: 1000, t: [0, 1000], fields: { power_w: column } });
  expect(parsed.ok && parsed.value.fields['power_w']?.mean).toEqual([2, null]);
});
