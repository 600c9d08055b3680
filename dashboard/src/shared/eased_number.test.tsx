// @vitest-environment jsdom
import { render } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EasedNumber } from './eased_number';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const two = (value: number) => (
  <>
    <EasedNumber value={value} format={(number) => number.toFixed(1)} />{' '}
    <EasedNumber value={value + 1} format={(number) => number.toFixed(1)} />
  </>
);

test('a number leaves its old value at once and ends at the new one', () => {
  const { container, rerender } = render(two(0));
  rerender(two(10));
  const begun = Number(container.textContent?.split(' ')[0]);
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(10);
  vi.advanceTimersByTime(500);
  expect(container.textContent).toBe('10.0 11.0');
});

test('numbers step in the same frames, and none is asked for when all have come to rest', () => {
  const frames = vi.spyOn(globalThis, 'requestAnimationFrame');
  const { rerender } = render(two(0));
  rerender(two(10));
  vi.advanceTimersByTime(500);
  const asked = frames.mock.calls.length;
  expect(asked).toBeGreaterThanOrEqual(2);
  expect(asked).toBeLessThanOrEqual(4);
  vi.advanceTimersByTime(5_000);
  expect(frames.mock.calls.length).toBe(asked);
});

test('a newer value takes over from a glide that is under way', () => {
  const { container, rerender } = render(two(0));
  rerender(two(10));
  vi.advanceTimersByTime(100);
  rerender(two(4));
  vi.advanceTimersByTime(500);
  expect(container.textContent).toBe('4.0 5.0');
});

test('who asks for less motion gets the new value at once', () => {
  vi.stubGlobal('matchMedia', () => ({ matches: true }));
  const { container, rerender } = render(two(0));
  rerender(two(10));
  expect(container.textContent).toBe('10.0 11.0');
});
