// @vitest-environment jsdom
import { render, screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Gain, GainRow } from '../../api/shapes';
import { GainCard } from './gain_card';
import { band, gainSentence, signed, verdictSentence, whyNot } from './gain_words';

const row = (changes: Partial<GainRow> = {}): GainRow => ({
  start: '2026-10-13T16:00:00.000Z',
  energy_wh: 41,
  tracked_wh: 41,
  fixed_wh: 33,
  ideal_wh: 42,
  gain: 0.242,
  gain_low: 0.213,
  gain_high: 0.271,
  net_gain: null,
  motion_wh: 0.2,
  electronics_wh: 3.1,
  coverage: 1,
  off_mpp: 0,
  verdict: null,
  why: null,
  ...changes,
});
const gain = (changes: Partial<Gain> = {}): Gain => ({
  rows: [row()],
  summary_days: 0,
  summary: null,
  curve: { step_ms: 600_000, t: [], fixed_w: [], ideal_w: [] },
  ...changes,
});
const silent = (why: string): Gain =>
  gain({ rows: [row({ gain: null, gain_low: null, gain_high: null, why })] });

describe('the sentence', () => {
  test('says more, less or the same, and that it is about', () => {
    expect(gainSentence(gain(), false)).toBe('About 24 % more than a fixed panel so far today.');
    const less = gain({ rows: [row({ gain: -0.06 })] });
    expect(gainSentence(less, true)).toBe('About 6 % less than a fixed panel today.');
    expect(gainSentence(gain({ rows: [row({ gain: 0.002 })] }), true)).toBe(
      'About the same as a fixed panel today.',
    );
  });

  test('is empty when there is nothing to say it from', () => {
    expect(gainSentence(null, false)).toBe('');
    expect(gainSentence(gain({ rows: [] }), false)).toBe('');
    expect(gainSentence(silent('night'), false)).toBe('');
  });

  test('signs are written out, and nothing is minus zero', () => {
    expect([signed(0.242), signed(-0.06), signed(-0.001)]).toEqual(['+24 %', '−6 %', '0 %']);
    expect(band(row({ gain_low: -0.02 }))).toBe('between −2 and +27 %');
  });
});

describe('why not', () => {
  test.each([
    ['no_power', /no power sensor/],
    ['no_direction', /where its panel points/],
    ['night', /not yet enough light/],
    ['off_mpp', /battery was full/],
    ['little_covered', /missing/],
    ['pending', /worked out/],
    ['a word of a newer server', /Not known/],
  ])('%s is a sentence', (why, words) => {
    expect(whyNot(silent(why), true)).toMatch(words);
  });

  test('a tracker without a place is asked for it', () => {
    expect(whyNot(null, false)).toMatch(/place is not set/);
    expect(whyNot(null, true)).toMatch(/Waiting/);
  });
});

describe('the verdict', () => {
  const past = (changes: Partial<GainRow>): Gain => gain({ summary_days: 6, summary: row(changes) });

  test('says plainly that tracking is not paying', () => {
    const words = verdictSentence(past({ net_gain: -0.04, verdict: 'not_paying' }));
    expect(words).toMatch(/^Tracking is not paying here: over the last 6 days/);
    expect(words).toMatch(/4 % more/);
    expect(verdictSentence(past({ net_gain: null, verdict: 'not_paying' }))).toMatch(/not paying here/);
  });

  test('says what is left when it pays, and when it may or may not', () => {
    expect(verdictSentence(past({ net_gain: 0.11, verdict: 'paying' }))).toMatch(/paid: .* \+11 %/);
    expect(verdictSentence(past({ net_gain: 0.01, verdict: 'unclear' }))).toMatch(/not clear/);
    expect(verdictSentence(past({ net_gain: null, verdict: null }))).toBe('');
    expect(verdictSentence(gain())).toBe('');
  });
});

describe('the card', () => {
  test('marks every figure that is not measured', () => {
    render(<GainCard gain={gain()} placed over={false} dimmed={false} />);
    const region = screen.getByRole('region', { name: 'Against a fixed panel' });
    expect(region.textContent).toContain('between +21 and +27 %');
    expect(screen.getByText('33 Wh', { exact: false }).textContent).toContain('est.');
    expect(screen.getByText('42 Wh', { exact: false }).textContent).toContain('est.');
    expect(screen.getByText('41 Wh', { exact: false }).textContent).not.toContain('est.');
  });

  test('says why there is nothing, and shows no number', () => {
    const { container } = render(<GainCard gain={silent('no_power')} placed over={false} dimmed={false} />);
    expect(container.textContent).toContain('no power sensor');
    expect(container.querySelector('.gain-number')).toBeNull();
  });
});
