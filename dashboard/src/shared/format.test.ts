import { describe, expect, test } from 'vitest';
import * as format from './format';

const kNow = Date.parse('2026-10-14T16:30:05Z');

describe('numbers', () => {
  test('decimals are fixed, and a rounded zero has no sign', () => {
    expect(format.decimal(8.5, 2)).toBe('8.50');
    expect(format.decimal(75_030, 0)).toBe('75,030');
    expect(format.decimal(-0.001, 2)).toBe('0.00');
    expect(format.decimal(-0.51, 1)).toBe('-0.5');
  });

  test('a column brings its own digits and unit; unknown is an en dash, not zero', () => {
    expect(format.reading('power_w', 8.5)).toEqual({ text: '8.50', unit: 'W' });
    expect(format.reading('battery_pct', null).text).toBe('–');
  });

  test.each([
    [0, '0.0', 'Wh'],
    [8.44, '8.4', 'Wh'],
    [9.96, '10', 'Wh'],
    [214.4, '214', 'Wh'],
    [999.6, '1.00', 'kWh'],
    [1250.5, '1.25', 'kWh'],
  ])('%s Wh reads %s %s', (wh, text, unit) => {
    expect(format.energy(wh)).toEqual({ text, unit });
  });

  test('money is the site’s; less than a cent still says something', () => {
    expect(format.money(15.01, 'PHP')).toBe('₱15.01');
    expect(format.money(0.0021, 'USD')).toBe('$0.002');
    expect(format.money(0, 'USD')).toBe('$0.00');
    expect(format.money(3, 'not a code')).toBe('3.00 not a code');
  });
});

describe('times', () => {
  test('are the site’s', () => {
    expect(format.clock(kNow, 'Asia/Manila')).toBe('00:30');
    expect(format.clockSeconds(kNow, 'UTC')).toBe('16:30:05');
    expect(format.isoDay(kNow, 'Asia/Manila')).toBe('2026-10-15');
    expect(format.isoDay(kNow, 'America/Guayaquil')).toBe('2026-10-14');
    expect(format.zoneOffset(kNow, 'Asia/Manila')).toBe('GMT+8');
  });

  test('an unknown zone falls back to UTC instead of breaking the page', () => {
    expect(format.clock(kNow, 'Mars/Olympus')).toBe('16:30');
  });

  test.each([
    [300, '0 s'],
    [42_000, '42 s'],
    [185_000, '3 min'],
    [22_320_000, '6 h 12 m'],
    [30 * 3_600_000, '1 d 6 h'],
    [-5, '0 s'],
  ])('%i ms lasts %s', (ms, text) => expect(format.duration(ms)).toBe(text));
});

test('one phone, many phones', () => {
  expect(format.count(1, 'phone', 'phones')).toBe('1 phone');
  expect(format.count(17, 'phone', 'phones')).toBe('17 phones');
});
