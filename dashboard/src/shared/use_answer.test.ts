import { expect, test } from 'vitest';
import { kKnownMost, rememberAnswer, rememberedAnswers } from './use_answer';

test('a page that stays open keeps the newest answers and no more', () => {
  for (let day = 0; day < 3 * kKnownMost; ++day) {
    rememberAnswer(`sky/roof/${day}`, day);
    // Asked again every few minutes, so it is never among the oldest.
    rememberAnswer('ready', day);
  }
  const kept = rememberedAnswers();
  expect(kept.size).toBe(kKnownMost);
  expect(kept.get('ready')).toBe(3 * kKnownMost - 1);
  expect([...kept.keys()].slice(-2)).toEqual([`sky/roof/${3 * kKnownMost - 1}`, 'ready']);
  expect(kept.has(`sky/roof/${2 * kKnownMost}`)).toBe(false);
});
