// @vitest-environment jsdom
import { beforeEach, describe, expect, test } from 'vitest';
import { device, row } from '../../tests/rows';
import { LiveStore } from '../api/live_store';
import { sunsOf, trimOf } from './overview';
import { keepSaved, restoreSaved } from './saved';
import { brightest, hrefOf } from './use_choice';
import { startOfDay } from './use_station';

const kTime = '2026-10-14T06:02:11.000Z';
const store = (...devices: ReturnType<typeof device>[]): LiveStore => {
  const made = new LiveStore((flush) => flush());
  if (devices.length > 0) made.applyState({ server_time: kTime, broker: null, devices });
  return made;
};

describe('the first look', () => {
  test('goes to the tracker that makes most power now', () => {
    const shown = store(
      device({ id: 'a', status: 'asleep', latest: row({ power_w: 99 }) }),
      device({ id: 'b', latest: row({ power_w: 3 }) }),
      device({ id: 'c', latest: row({ power_w: 8 }) }),
    );
    expect(brightest(shown, ['a', 'b', 'c'])).toBe('c');
  });

  test('goes somewhere even when all are dark', () => {
    expect(brightest(store(device({ id: 'a', status: 'offline' })), ['a'])).toBe('a');
    expect(brightest(store(), [])).toBeNull();
  });

  test('a tracker’s address survives odd ids', () => {
    expect(hrefOf('a.b_c-1')).toBe('/?device=a.b_c-1');
  });
});

test.each([
  ['Asia/Manila', '2026-10-13T16:00:00.000Z'],
  ['America/Guayaquil', '2026-10-14T05:00:00.000Z'],
  ['UTC', '2026-10-14T00:00:00.000Z'],
  ['Asia/Kathmandu', '2026-10-13T18:15:00.000Z'],
])('the day in %s began at %s', (zone, start) => {
  expect(new Date(startOfDay(Date.parse(kTime), zone)).toISOString()).toBe(start);
});

test('the day of a clock change still begins at midnight', () => {
  const evening = Date.parse('2026-10-25T20:00:00Z');
  expect(new Date(startOfDay(evening, 'Europe/Berlin')).toISOString()).toBe('2026-10-24T22:00:00.000Z');
});

describe('the sun that is drawn', () => {
  const now = Date.parse(kTime);
  const sky = {
    sunrise: null,
    sunset: null,
    t: [now - 1000, now + 1000],
    azimuth_deg: [180, 180],
    elevation_deg: [60, 60],
  };

  test('is the site’s own; the device’s only when that runs on another clock', () => {
    const near = row({ ts: kTime, sun_azimuth_deg: 181, sun_elevation_deg: 60 });
    expect(sunsOf(near, sky, now)).toMatchObject({ ownClock: false, sun: { azimuth_deg: 180 } });
    const far = row({ ts: kTime, sun_azimuth_deg: 90, sun_elevation_deg: 10 });
    expect(sunsOf(far, sky, now)).toMatchObject({ ownClock: true, sun: { azimuth_deg: 90 } });
  });

  test('an old reading of the device’s sun is no sign of another clock', () => {
    const old = row({ ts: '2026-10-14T02:00:00.000Z', sun_azimuth_deg: 90, sun_elevation_deg: 10 });
    expect(sunsOf(old, sky, now).ownClock).toBe(false);
  });

  test('without a place it is the device’s, or unknown', () => {
    expect(sunsOf(row({ sun_azimuth_deg: 90, sun_elevation_deg: 10 }), null, now).sun).toEqual({
      azimuth_deg: 90,
      elevation_deg: 10,
    });
    expect(sunsOf(row(), null, now)).toEqual({ sun: null, panel: null, ownClock: false });
  });
});

describe('the trim that is drawn', () => {
  const learned = { trim_azimuth_deg: 3, trim_elevation_deg: -1.2 };

  test.each([
    ['az_el', 40, -1.2],
    ['az_el', 90, -1.2],
    ['az_el', 140, 1.2],
    [null, 140, 1.2],
    ['tilt_tilt', 140, -1.2],
  ])('on a mount %s with its tilt servo at %i° raises by %f°', (mount, tilt_angle, elevation_deg) => {
    expect(trimOf(row({ ...learned, tilt_angle }), mount)).toEqual({ azimuth_deg: 3, elevation_deg });
  });

  test('is nothing until both angles are learned', () => {
    expect(trimOf(row({ trim_azimuth_deg: 3, trim_elevation_deg: null }), 'az_el')).toBeNull();
    expect(trimOf(null, null)).toBeNull();
  });
});

describe('what the browser keeps', () => {
  beforeEach(() => localStorage.clear());

  test('comes back at the next visit', () => {
    const stop = keepSaved(store(device()));
    dispatchEvent(new Event('pagehide'));
    stop();
    const next = store();
    restoreSaved(next);
    expect(next.device(device().id)?.latest?.power_w).toBe(8.5);
    expect(next.overallNow().savedAt).not.toBeNull();
  });

  test.each(['', '{', '{"state":{},"answers":[]}', '{"state":1}', '[]', 'null'])(
    'storage that holds %j is as if it were empty',
    (text) => {
      localStorage.setItem('idast.saved.1', text);
      const next = store();
      restoreSaved(next);
      expect(next.overallNow().deviceIds).toEqual([]);
    },
  );
});
