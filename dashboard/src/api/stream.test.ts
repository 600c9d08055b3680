import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { device } from '../../tests/rows';
import { openStream, type Connection, type StreamListener } from './stream';

class FakeSource extends EventTarget {
  static made: FakeSource[] = [];
  closed = false;
  constructor(readonly url: string) {
    super();
    FakeSource.made.push(this);
  }
  close(): void {
    this.closed = true;
  }
  say(name: string, data: unknown): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.dispatchEvent(new MessageEvent(name, { data: text }));
  }
}

const kState = { server_time: '2026-10-14T06:02:11.000Z', broker: null, devices: [device()] };
const kBeat = { server_time: '2026-10-14T06:02:12.000Z', devices: [] };

let connections: Connection[];
let listener: StreamListener;
const source = (): FakeSource => {
  const last = FakeSource.made.at(-1);
  if (!last) throw new Error('nothing was opened');
  return last;
};

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.made = [];
  vi.stubGlobal('EventSource', FakeSource);
  connections = [];
  listener = {
    state: vi.fn(),
    changes: vi.fn(),
    connection: (connection) => connections.push(connection),
  };
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the stream', () => {
  test('is open once the whole state has come', () => {
    openStream('/s', listener);
    expect(connections.at(-1)?.kind).toBe('connecting');
    source().say('state', kState);
    expect(connections.at(-1)?.kind).toBe('open');
    source().say('changes', kBeat);
    expect(listener.changes).toHaveBeenCalledWith(kBeat);
  });

  test('tells when it is lost and when it tries again, and tries then', () => {
    openStream('/s', listener);
    source().say('state', kState);
    source().dispatchEvent(new Event('error'));
    const lost = connections.at(-1);
    expect(lost?.kind).toBe('lost');
    if (lost?.kind !== 'lost') return;
    expect(source().closed).toBe(true);
    vi.advanceTimersByTime(lost.retryAt - Date.now());
    expect(FakeSource.made).toHaveLength(2);
    source().say('state', kState);
    expect(connections.at(-1)?.kind).toBe('open');
  });

  test('waits longer after each failure, and 18 s at most', () => {
    openStream('/s', listener);
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      source().dispatchEvent(new Event('error'));
      const lost = connections.at(-1);
      if (lost?.kind !== 'lost') throw new Error('not lost');
      waits.push(lost.retryAt - Date.now());
      vi.advanceTimersByTime(lost.retryAt - Date.now());
    }
    expect(waits[0]).toBeLessThan(1_300);
    expect(waits.at(-1)).toBeGreaterThan(10_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(18_000);
  });

  test('a server that says nothing for four seconds is lost, though no error came', () => {
    openStream('/s', listener);
    source().say('state', kState);
    vi.advanceTimersByTime(3_000);
    source().say('changes', kBeat);
    vi.advanceTimersByTime(3_900);
    expect(connections.at(-1)?.kind).toBe('open');
    vi.advanceTimersByTime(200);
    expect(connections.at(-1)?.kind).toBe('lost');
  });

  test('an event that cannot be read is neither shown nor called a lost server', () => {
    openStream('/s', listener);
    source().say('state', kState);
    source().say('changes', '{"server_time":3}');
    expect(connections.at(-1)?.kind).toBe('unreadable');
    expect(listener.changes).not.toHaveBeenCalled();
    expect(source().closed).toBe(true);
  });

  test('tries at once when asked, and never again once closed', () => {
    const stream = openStream('/s', listener);
    source().dispatchEvent(new Event('error'));
    stream.retryNow();
    expect(FakeSource.made).toHaveLength(2);
    stream.close();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.made).toHaveLength(2);
  });
});
