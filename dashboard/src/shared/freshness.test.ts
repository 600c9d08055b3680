import { describe, expect, test } from 'vitest';
import { freshness, isDimmed } from './freshness';

const kNow = Date.parse('2026-10-14T06:02:11Z');
const kZone = 'Asia/Manila';

describe('freshness', () => {
  test.each([
    ['live', 300, 'live', 'LIVE', '0.3 s'],
    ['live', 1_999, 'live', 'LIVE', '2.0 s'],
    ['live', 2_000, 'delayed', 'DELAYED', '2 s'],
    ['delayed', 6_400, 'delayed', 'DELAYED', '6 s'],
    ['delayed', 15_001, 'stale', 'STALE', '15 s'],
    ['stale', 190_000, 'stale', 'STALE', '3 min'],
    ['offline', 22 * 60_000, 'offline', 'OFFLINE', 'since 13:40'],
    ['offline', 50 * 3_600_000, 'offline', 'OFFLINE', '2 d 2 h'],
    ['asleep', 8 * 3_600_000, 'asleep', 'ASLEEP', ''],
  ] as const)('the server says %s and the age is %i ms: %s', (said, age, status, word, text) => {
    expect(freshness(said, kNow - age, kNow, kZone)).toEqual({ status, word, age: text });
  });

  test('a tracker just heard again is live before the server has said so', () => {
    expect(freshness('stale', kNow - 100, kNow, kZone).status).toBe('live');
  });

  test('only the server calls a tracker offline; age alone never does', () => {
    expect(freshness('live', kNow - 10 * 60_000, kNow, kZone).status).toBe('stale');
  });

  test('a sample from ahead of the server’s clock has no negative age', () => {
    expect(freshness('live', kNow + 5_000, kNow, kZone).age).toBe('0.0 s');
  });

  test('a tracker never heard has a word and no age', () => {
    expect(freshness('offline', null, kNow, kZone)).toEqual({
      status: 'offline',
      word: 'OFFLINE',
      age: '',
    });
  });

  test('stale and offline dim; asleep does not: it is no error', () => {
    expect(['live', 'delayed', 'stale', 'offline', 'asleep'].map((s) => isDimmed(s as 'live'))).toEqual(
      [false, false, true, true, false],
    );
  });
});
