// @vitest-environment jsdom
import { act, fireEvent, render, screen } from '@testing-library/react';
import { Profiler, type ReactNode } from 'react';
import { describe, expect, test, vi } from 'vitest';
import { device, row } from '../../../tests/rows';
import { LiveStore } from '../../api/live_store';
import { LiveProvider } from '../../shared/live';
import { NoTrackers } from './no_trackers';
import { TrackerPicker } from './tracker_picker';

function storeOf(count: number): LiveStore {
  const store = new LiveStore((flush) => flush());
  const devices = Array.from({ length: count }, (_, index) =>
    device({ id: `d${index}`, name: `Roof ${index}`, latest: row({ power_w: index }) }),
  );
  store.applyState({ server_time: '2026-10-14T06:02:11.000Z', broker: null, devices });
  return store;
}
const choices = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `d${index}`, href: `/?device=d${index}` }));
const inStore = (store: LiveStore, child: ReactNode) =>
  render(<LiveProvider value={store}>{child}</LiveProvider>);

describe('the tracker picker', () => {
  test('names each tracker with its power and marks the shown one', () => {
    const pick = vi.fn();
    inStore(storeOf(3), <TrackerPicker choices={choices(3)} current="d1" onPick={pick} />);
    const shown = screen.getByRole('link', { current: 'page' });
    expect(shown.textContent).toContain('Roof 1');
    expect(shown.textContent).toContain('1.0 W');
    fireEvent.click(screen.getByRole('link', { name: /Roof 2/ }));
    expect(pick).toHaveBeenCalledWith('d2');
  });

  test('follows a tracker that goes offline', () => {
    const store = storeOf(2);
    inStore(store, <TrackerPicker choices={choices(2)} current="d0" onPick={vi.fn()} />);
    act(() =>
      store.applyChanges({
        server_time: '2026-10-14T06:02:12.000Z',
        devices: [{ id: 'd1', status: 'offline' }],
      }),
    );
    expect(screen.getByRole('link', { name: /Roof 1 ?offline/ })).toBeTruthy();
  });

  test('becomes a list when they are many', () => {
    const pick = vi.fn();
    inStore(storeOf(9), <TrackerPicker choices={choices(9)} current="d1" onPick={pick} />);
    fireEvent.change(screen.getByRole('combobox', { name: 'Tracker' }), { target: { value: 'd7' } });
    expect(pick).toHaveBeenCalledWith('d7');
  });

  test('the list follows words, and is not drawn anew for a sample', () => {
    const store = storeOf(9);
    let drawn = 0;
    const list = <TrackerPicker choices={choices(9)} current="d1" onPick={vi.fn()} />;
    inStore(store, <Profiler id="list" onRender={() => (drawn += 1)}>{list}</Profiler>);
    const change = (parts: object): void =>
      act(() =>
        store.applyChanges({
          server_time: '2026-10-14T06:02:12.000Z',
          devices: [{ id: 'd3', ...parts }],
        }),
      );
    const before = drawn;
    change({ samples: [{ ts: '2026-10-14T06:02:12.000Z', power_w: 7 }] });
    expect(drawn).toBe(before);
    change({ status: 'stale' });
    expect(drawn).toBeGreaterThan(before);
    expect(screen.getByRole('option', { name: 'Roof 3 (stale)' })).toBeTruthy();
  });
});

describe('no tracker yet', () => {
  test('gives the broker’s address and the twin’s command, ready to copy', async () => {
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    render(<NoTrackers broker="mqtt://192.168.1.5:1884" />);
    expect(screen.getByText('mqtt://192.168.1.5:1884')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Copy the command' }));
    expect(await screen.findByText('Copied')).toBeTruthy();
    expect(writeText).toHaveBeenCalledWith('idast twin --mqtt mqtt://192.168.1.5:1884 --devices 1');
    vi.unstubAllGlobals();
  });
});
