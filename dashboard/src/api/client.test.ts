import { afterEach, describe, expect, test, vi } from 'vitest';
import { fetchDailyEnergy, fetchSamples, fetchSky } from './client';

const signal = new AbortController().signal;
const answer = (status: number, body: unknown): ReturnType<typeof vi.fn> => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const fake = vi.fn(() => Promise.resolve(new Response(text, { status })));
  vi.stubGlobal('fetch', fake);
  return fake;
};
afterEach(() => vi.unstubAllGlobals());

describe('questions over HTTP', () => {
  test('a good answer is typed', async () => {
    const rows = [{ start: '2026-10-13T16:00:00.000Z', energy_wh: 50.5, coverage: 0.98 }];
    answer(200, { period: 'day', rows });
    const got = await fetchDailyEnergy('a', signal);
    expect(got.ok && got.value.rows).toEqual(rows);
  });

  test('the server’s refusal keeps its stable name', async () => {
    answer(404, { error: { id: 'no_site', message: 'This device has no site.' } });
    const got = await fetchSky('a', null, signal);
    expect(got).toEqual({ ok: false, error: { kind: 'refused', status: 404, id: 'no_site' } });
  });

  test.each([
    [502, 'bad gateway', 'unreachable'],
    [200, '<html>', 'unreadable'],
    [200, { rows: 3 }, 'unreadable'],
    [404, 'nothing here', 'refused'],
  ])('%i with %j is %s', async (status, body, kind) => {
    answer(status, body);
    const got = await fetchDailyEnergy('a', signal);
    expect(!got.ok && got.error.kind).toBe(kind);
  });

  test('no network is unreachable, never a throw', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('down')));
    const got = await fetchDailyEnergy('a', signal);
    expect(!got.ok && got.error.kind).toBe('unreachable');
  });

  test('ids and ranges are written into the address safely', async () => {
    const fake = answer(200, { step_ms: 1, t: [], fields: {} });
    const range = { from: 0, to: 1000, points: 10, fields: ['power_w', 'battery_pct'] };
    await fetchSamples('a/b?c', range, signal);
    expect(fake.mock.calls[0]?.[0]).toBe(
      '/api/v1/devices/a%2Fb%3Fc/samples?from=1970-01-01T00%3A00%3A00.000Z' +
        '&to=1970-01-01T00%3A00%3A01.000Z&points=10&fields=power_w%2Cbattery_pct',
    );
  });
});
