// @vitest-environment jsdom
import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { row } from '../../../tests/rows';
import { Announcer } from './announcer';
import { BackfillBar } from './backfill_bar';
import { KeepingBanner } from './keeping_banner';
import { LostBanner } from './lost_banner';
import { bytes } from './storage';
import { StorageBanner, StorageLine } from './storage_room';
import { doing, sentence, type Told } from './words';

const kNow = Date.parse('2026-10-14T06:02:11Z');
const told = (parts: Partial<Told>): Told => ({
  status: 'live',
  latest: row(),
  todayWh: 214.2,
  lastSeen: kNow - 300,
  now: kNow,
  zone: 'Asia/Manila',
  sunrise: null,
  resting: false,
  frozen: false,
  ...parts,
});
const said = (parts: Partial<Told>): string => {
  const { state, earnings } = sentence(told(parts));
  return `${state} ${earnings}`.trim();
};

afterEach(() => vi.useRealTimers());

describe('the state in one sentence', () => {
  test('tracking', () => {
    expect(said({})).toBe('Tracking the sun. 214 Wh so far today: 17 phones.');
  });

  test('little energy does not boast of phones, and unknown energy is not zero', () => {
    expect(said({ todayWh: 3 })).toBe('Tracking the sun. 3.0 Wh so far today.');
    expect(said({ todayWh: null })).toBe('Tracking the sun.');
  });

  test.each([
    [{ state: 'fault' }, 'Stopped by a fault.'],
    [{ state: 'stow' }, 'Stowed flat.'],
    [{ state: 'track', state_reason: 'sun_up' }, 'Tracking the sun.'],
    [{ state: 'track', state_reason: 'calibrating' }, 'Looking around for a moment, to learn its mount.'],
    [{ state: 'diffuse', state_reason: 'overcast' }, 'Overcast: facing the brightest sky.'],
    [{ state: 'acquire', state_reason: 'searching' }, 'Looking for the sun by its light: no clock yet.'],
    [{ state: 'acquire', state_reason: 'clock_doubted' }, 'Following the light: its clock or its place seems wrong.'],
    [{ state: 'track', state_reason: 'sensor_fault' }, 'Tracking the sun by the clock: a light sensor fails.'],
    [{ state: 'fault', state_reason: 'not_moving' }, 'Stopped: the panel does not go where it is sent.'],
    [{ state: 'fault', state_reason: 'a reason from next year' }, 'Stopped by a fault.'],
    [{ state: 'manual', state_reason: 'calibrating' }, 'Held by hand.'],
    [{ manual: 1 }, 'Held by hand.'],
    [{ state: 'a word from next year' }, 'Tracking the sun.'],
    [{ steady: null }, 'Connected.'],
  ])('a row with %j: %s', (columns, words) => expect(doing(row(columns))).toBe(words));

  test('no reading yet', () => expect(doing(null)).toBe('Waiting for the first reading.'));

  test('night, asleep or still talking: when the sun comes back', () => {
    const sunrise = kNow + 22_320_000;
    const words = 'Sunrise in 6 h 12 m. 214 Wh today: 17 phones.';
    expect(said({ status: 'asleep', sunrise })).toBe(words);
    expect(said({ status: 'live', resting: true, sunrise })).toBe(words);
    expect(said({ status: 'asleep' })).toContain('At rest.');
  });

  test('a tracker that is offline, and one that is only late', () => {
    expect(said({ status: 'offline', lastSeen: kNow - 22 * 60_000 })).toContain(
      'This tracker is offline since 13:40.',
    );
    expect(said({ status: 'stale', lastSeen: kNow - 185_000 })).toContain('No reading for 3 min.');
  });

  test('a tracker that has never spoken is awaited, not called offline', () => {
    expect(said({ status: 'offline', latest: null, todayWh: 0 })).toBe('Waiting for the first reading.');
  });

  test('a lost server never makes a tracker offline', () => {
    const words = said({ status: 'offline', frozen: true });
    expect(words).not.toMatch(/offline/i);
    expect(words).toContain('As it was at 14:02.');
  });
});

describe('the banner', () => {
  test('blames the browser’s connection, counts down, and lets a person try', () => {
    vi.useFakeTimers({ now: 0 });
    const retry = vi.fn();
    const connection = { kind: 'lost', since: Date.now(), retryAt: Date.now() + 4_000 } as const;
    render(<LostBanner connection={connection} onRetry={retry} />);
    expect(screen.getByRole('alert').textContent).toBe('Your browser lost the server.');
    expect(screen.getByText(/Next try in 4 s/)).toBeTruthy();
    act(() => vi.advanceTimersByTime(2_100));
    expect(screen.getByText(/Next try in 2 s/)).toBeTruthy();
    expect(document.body.textContent).not.toMatch(/offline/i);
    fireEvent.click(screen.getByRole('button', { name: 'Try now' }));
    expect(retry).toHaveBeenCalledTimes(1);
  });

  test('is absent while all is well', () => {
    const { container } = render(<LostBanner connection={{ kind: 'open' }} onRetry={vi.fn()} />);
    expect(container.textContent).toBe('');
  });

  test('a page older than its server says so', () => {
    render(<LostBanner connection={{ kind: 'unreadable', why: 'x' }} onRetry={vi.fn()} />);
    expect(screen.getByRole('alert').textContent).toContain('different versions');
  });
});

describe('the announcer', () => {
  test('speaks at most every 30 s, and at once on a new status', () => {
    vi.useFakeTimers();
    const { container, rerender } = render(<Announcer summary="one" status="live" />);
    rerender(<Announcer summary="two" status="live" />);
    act(() => vi.advanceTimersByTime(29_000));
    expect(container.textContent).toBe('one');
    act(() => vi.advanceTimersByTime(1_100));
    expect(container.textContent).toBe('two');
    rerender(<Announcer summary="three" status="stale" />);
    expect(container.textContent).toBe('three');
  });
});

test('the backfill says how far, how fast and how long', () => {
  const backfill = { done: 18_240, total: 43_200, per_s: 2_130, seconds_left: 12 };
  const { rerender } = render(<BackfillBar backfill={backfill} />);
  expect(screen.getByText(/18,240 of 43,200 samples, 2,130 a second, 12 s left/)).toBeTruthy();
  expect(screen.getByRole('progressbar', { name: /42 %/ })).toBeTruthy();
  rerender(<BackfillBar backfill={{ done: 0, total: 0, per_s: 0, seconds_left: null }} />);
  expect(screen.getByRole('progressbar', { name: /, 0 %/ })).toBeTruthy();
});

describe('a database that takes nothing', () => {
  const shown = (ready: Parameters<typeof KeepingBanner>[0]['ready']): string => {
    const { container, unmount } = render(<KeepingBanner ready={ready} />);
    const text = container.textContent;
    unmount();
    return text;
  };

  test('all is well, or not known: nothing is said', () => {
    expect(shown(null)).toBe('');
    expect(shown({ ready: true, reasons: [] })).toBe('');
    expect(shown({ ready: false, reasons: ['broker: not subscribed at mqtt://a'] })).toBe('');
  });

  test('the spool keeps what comes, and how much', () => {
    const reasons = ['database: cannot write to the database: database is locked', 'spool: 12345 kB wait for the database'];
    expect(shown({ ready: false, reasons, spool_waiting_bytes: 12_345_678 })).toBe(
      'The database does not answer. The server keeps 12 MB of samples on its disk. They are stored when it does.',
    );
    expect(shown({ ready: true, reasons: [], spool_waiting_bytes: 420 })).toBe(
      'The database answers again. 1 kB of kept samples are being stored.',
    );
  });

  test('a database that hangs, and a spool that is full', () => {
    const hangs = ['database: the database has not answered for 12 s'];
    expect(shown({ ready: false, reasons: hangs })).toBe(
      'The database does not answer. Samples wait with the broker and the trackers. They are stored when it does.',
    );
    const full = [...hangs, 'spool: the disk is full; nothing is acknowledged until there is room'];
    expect(shown({ ready: false, reasons: full, spool_waiting_bytes: 2_500_000 })).toBe(
      'The server cannot store samples. The server keeps 2.5 MB of samples on its disk. ' +
        'What is newer waits with the broker and the trackers.',
    );
  });
});

describe('room on the disk', () => {
  const known = {
    database_bytes: 4_560_000_000,
    disk_free_bytes: 81_000_000_000,
    keep_raw_days: 14,
    raw_window_bytes: 490_000_000,
    bytes_a_day: 14_200_000,
    days_left: 412,
  };
  const shown = (storage: Parameters<typeof StorageLine>[0]['storage']): { line: string; banner: string } => {
    const line = render(<StorageLine storage={storage} />);
    const banner = render(<StorageBanner storage={storage} />);
    const texts = { line: line.container.textContent, banner: banner.container.textContent };
    line.unmount();
    banner.unmount();
    return texts;
  };

  test('not known to the page: nothing is said', () => {
    expect(shown(null)).toEqual({ line: '', banner: '' });
  });

  test('enough: one line, no alarm', () => {
    const line = 'Storage: 4.6 GB used, 81 GB free, 14 MB more each day: room for 412 days.';
    expect(shown(known)).toEqual({ line, banner: '' });
    expect(shown({ ...known, days_left: 30 }).banner).toBe('');
    expect(shown({ ...known, days_left: 36_500 }).line).toContain('room for more than ten years.');
  });

  test('under thirty days: an alarm with what to do', () => {
    const low = shown({ ...known, disk_free_bytes: 411_800_000, days_left: 29 });
    expect(low.line).toContain('room for 29 days.');
    expect(low.banner).toContain('The server’s disk is full in 29 days. 412 MB are free, and 14 MB come each day.');
    expect(low.banner).toContain('keep_raw_days');
    expect(shown({ ...known, days_left: 1 }).banner).toContain('in 1 day.');
    expect(shown({ ...known, days_left: 0 }).banner).toContain('within a day.');
  });

  test('no whole day was seen yet, or nothing grows', () => {
    const line = 'Storage: 4.6 GB used, 81 GB free; how long that lasts is known after the first whole day.';
    expect(shown({ ...known, bytes_a_day: null, days_left: null })).toEqual({ line, banner: '' });
    expect(shown({ ...known, bytes_a_day: 0, days_left: null }).line).toContain('81 GB free, 0.0 kB more each day.');
  });

  test.each([
    [0, '0.0 kB'],
    [9_949, '9.9 kB'],
    [420_000, '420 kB'],
    [999_600, '1.0 MB'],
    [35_000_000, '35 MB'],
    [999_600_000, '1.0 GB'],
    [1_200_000_000_000, '1,200 GB'],
  ])('%d bytes are %s', (value, text) => expect(bytes(value)).toBe(text));
});
