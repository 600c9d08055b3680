// @vitest-environment jsdom
import { render, screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { daysOf, MonthStrip } from './month_strip';
import { baseOf, todayWh } from './today';

const day = (index: number, energy_wh: number | null, coverage = 1) => ({
  start: new Date(Date.UTC(2026, 9, 1 + index)).toISOString(),
  energy_wh,
  coverage,
});

describe('today’s energy', () => {
  const counted = {
    energy: { period: 'day', rows: [day(0, 50), day(1, 20)] },
    gainedWh: 3,
  };

  test('is the server’s last row plus what was gained since it answered', () => {
    expect(todayWh(baseOf(counted), 3)).toBe(20);
    expect(todayWh(baseOf(counted), 4.5)).toBe(21.5);
  });

  test('is unknown before the server has answered', () => {
    expect(todayWh(baseOf(null), 10)).toBeNull();
    expect(baseOf({ energy: { period: 'day', rows: [] }, gainedWh: 0 })).toBeNull();
  });

  test('a day without samples has begun at zero', () => {
    const rows = [day(0, null, 0)];
    expect(todayWh(baseOf({ energy: { period: 'day', rows }, gainedWh: 0 }), 0.4)).toBe(0.4);
  });
});

describe('the month', () => {
  const rows = [day(0, 50), day(1, null, 0), day(2, 30, 0.5), day(3, 10)];

  test('takes the live count for today and leaves empty days unknown', () => {
    const days = daysOf(rows, 12);
    expect(days.map((entry) => entry.energyWh)).toEqual([50, null, 30, 12]);
    expect(days.at(-1)?.today).toBe(true);
  });

  test('sums the known days, names the best, and is there as a table', () => {
    render(<MonthStrip rows={rows} todayWh={12} zone="UTC" estimated={false} />);
    expect(screen.getByRole('img', { name: /last 4 days: 92 Wh in all, best 50 Wh on 1 Oct/ })).toBeTruthy();
    expect(screen.getAllByRole('row', { hidden: true })).toHaveLength(5);
    expect(screen.getByText('–')).toBeTruthy();
  });
});
