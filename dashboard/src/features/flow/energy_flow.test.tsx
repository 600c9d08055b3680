// @vitest-environment jsdom
import { render, screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { row } from '../../../tests/rows';
import { EnergyFlow, flowOf } from './energy_flow';

describe('the energy flow', () => {
  test('the load is what the panel makes beyond the battery', () => {
    const flow = flowOf(row({ power_w: 8, battery_v: 6, battery_a: 1, battery_pct: 80 }));
    expect(flow).toEqual({ panelW: 8, batteryW: 6, loadW: 2, batteryPct: 80, panelEstimated: false });
  });

  test('an estimated panel power marks the panel and the load', () => {
    const flow = flowOf(row({ power_w: 8, battery_v: 6, battery_a: 1, estimated: ['powerW'] }));
    render(<EnergyFlow flow={flow} sunUp sunNote="" phone={null} moving />);
    expect(screen.getAllByText('est.')).toHaveLength(2);
  });

  test('a giving battery adds to the load', () => {
    expect(flowOf(row({ power_w: 1, battery_v: 6, battery_a: -0.5 })).loadW).toBe(4);
  });

  test('without a current sensor battery and load are unknown', () => {
    const flow = flowOf(row({ power_w: 8, battery_v: 6 }));
    expect(flow).toMatchObject({ batteryW: null, loadW: null });
    render(<EnergyFlow flow={flow} sunUp sunNote="" phone={null} moving />);
    expect(screen.getByText('no current sensor')).toBeTruthy();
    expect(screen.getAllByText('–')).toHaveLength(2);
  });
});
