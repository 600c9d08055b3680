// @vitest-environment jsdom
import { render, screen, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { kSite, row } from '../../../tests/rows';
import { isEstimated } from '../../shared/estimated';
import { EarnedTiles, StationTiles, type TilesProps } from './tiles';

const props = (parts: Partial<TilesProps> = {}): TilesProps => ({
  latest: row(),
  site: kSite,
  todayWh: 214,
  coverage: 0.9,
  dimmed: false,
  ...parts,
});

function tile(name: string): HTMLElement {
  const button = screen.getByRole('button', { name: `About ${name}` });
  const found = button.closest<HTMLElement>('.tile');
  if (!found) throw new Error(`no tile named ${name}`);
  return found;
}

describe('what it has earned', () => {
  test('shows the counter’s worth, and today’s part of it', () => {
    render(<EarnedTiles {...props()} />);
    expect(tile('Energy today').textContent).toContain('214 Wh');
    expect(tile('Phone charges').textContent).toContain('104.2');
    expect(tile('Phone charges').textContent).toContain('17.8 today');
    expect(tile('Saved').textContent).toContain('₱15.01');
    expect(tile('Saved').textContent).toContain('₱2.57 today');
    expect(tile('CO₂ avoided').textContent).toContain('0.50 kg');
  });

  test('another site, another currency', () => {
    const site = { ...kSite, currency: 'KES', price_per_kwh: 28.6 };
    render(<EarnedTiles {...props({ site })} />);
    expect(tile('Saved').textContent).toMatch(/KES\s15\.01/);
    expect(tile('Saved').textContent).toMatch(/KES\s6\.12 today/);
  });

  test('an (i) gives formula, inputs, factor, source, and what is missing', () => {
    render(<EarnedTiles {...props({ latest: row({ energy_kwh: 1.2505, co2_kg: 0.5002 }) })} />);
    const carbon = within(tile('CO₂ avoided'));
    expect(carbon.getByText(/× grid factor/)).toBeTruthy();
    expect(carbon.getByText('0.4000 kg/kWh')).toBeTruthy();
    expect(carbon.getByText(/DOE 2015–17/)).toBeTruthy();
    expect(within(tile('Energy today')).getByText('Data missing today: 10 %.')).toBeTruthy();
  });
});

describe('how the station is', () => {
  test('unknown is an en dash with a reason, never 0', () => {
    render(<StationTiles {...props()} />);
    expect(tile('Battery').textContent).toContain('–no battery sensor');
    expect(tile('Efficiency').textContent).toContain('–below 0.5 W, or no sensor');
    expect(tile('Panel temperature').textContent).toContain('–no temperature sensor');
    expect(tile('Measured power').textContent).toContain('–no power sensor fitted');
  });

  test('zero is zero', () => {
    render(<StationTiles {...props({ latest: row({ temp_c: 0 }) })} />);
    expect(tile('Panel temperature').textContent).toContain('0.0 °C');
  });

  test.each([
    [{ steady: 1 }, 'Locked'],
    [{ steady: 0 }, 'Tracking'],
    [{ steady: 1, manual: 1 }, 'Manual'],
    [{ steady: 1, state: 'fault', state_reason: 'motor_hot' }, 'Fault'],
    [{ steady: null }, '–'],
  ])('a row with %j reads %s', (columns, word) => {
    render(<StationTiles {...props({ latest: row(columns) })} />);
    expect(tile('State').querySelector('.tile-value')?.textContent).toBe(word);
  });

  test.each([
    ['calibrating', 'learning its mount'],
    ['overcast', 'sky is overcast'],
    ['searching', 'no clock, searching by light'],
    ['clock_doubted', 'clock or place in doubt'],
    ['sensor_fault', 'a light sensor fails'],
    ['not_moving', 'panel does not follow'],
    ['a_word_from_next_year', 'a word from next year'],
  ])('the reason %s is said as: %s', (state_reason, words) => {
    render(<StationTiles {...props({ latest: row({ state: 'track', state_reason }) })} />);
    expect(tile('State').textContent).toContain(words);
  });

  test('no row at all: every tile says so', () => {
    render(<StationTiles {...props({ latest: null })} />);
    expect(screen.getAllByText('no reading yet')).toHaveLength(6);
  });

  test('an estimate is marked, by its JSON key', () => {
    const latest = row({ estimated: ['batteryPct'], battery_pct: 80 });
    expect(isEstimated(latest, 'battery_pct')).toBe(true);
    expect(isEstimated(latest, 'power_w')).toBe(false);
    render(<StationTiles {...props({ latest })} />);
    expect(within(tile('Battery')).getByText('est.')).toBeTruthy();
    expect(within(tile('Battery voltage')).queryByText('est.')).toBeNull();
  });

  test('what follows from an estimated counter is an estimate too', () => {
    render(<EarnedTiles {...props({ latest: row({ estimated: ['energyWh'], energy_wh: 100, pesos: 1 }) })} />);
    for (const name of ['Phone charges', 'Phone minutes', 'Saved', 'CO₂ avoided', 'Trees']) {
      const shown = tile(name).querySelector('.tile-value')?.textContent ?? '';
      expect(shown.startsWith('–') || shown.endsWith('est.'), `${name}: ${shown}`).toBe(true);
    }
    expect(within(tile('Saved')).getByText('est.')).toBeTruthy();
  });
});
