import { expect, test } from 'vitest';
import { niceTop } from './chart';

test.each([
  [null, 1],
  [0, 1],
  [0.3, 1],
  [8.9, 10],
  [10.3, 12],
  [43, 50],
  [87.4, 100],
])('a highest value of %s gives the scale a top of %s', (max, top) => {
  expect(niceTop(max)).toBeCloseTo(top, 9);
});
