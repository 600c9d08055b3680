// The one open stream of the page: whole state first, then changes. Reconnects for ever, and says
// when it will try next, because "your browser lost the server" must never look like a dead tracker.
import { parseChanges, parseState, parseText, type ChangesEvent, type StateEvent } from './shapes';

export type Connection =
  | { kind: 'connecting' }
  | { kind: 'open' }
  | { kind: 'lost'; since: number; retryAt: number }
  | { kind: 'unreadable'; why: string };

export type StreamListener = {
  state(event: StateEvent): void;
  changes(event: ChangesEvent): void;
  connection(connection: Connection): void;
};

// The server sends at least once a second; silence for four means that it is gone (a closed laptop
// lid and a pulled cable give no error event at all).
const kSilenceMs = 4_000;
const kFirstRetryMs = 1_000;
const kLastRetryMs = 15_000;

export type Stream = { close(): void; retryNow(): void };

/** Opens the stream. Times in `Connection` are `Date.now()` ms of this browser. */
export function openStream(url: string, listener: StreamListener): Stream {
  let source: EventSource | null = null;
  let retryMs = kFirstRetryMs;
  let lostSince: number | null = null;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const stop = (): void => {
    source?.close();
    source = null;
    clearTimeout(silence);
    clearTimeout(retry);
  };
  const lose = (): void => {
    stop();
    const now = Date.now();
    lostSince ??= now;
    // Spread the return of many browsers after a server restart.
    const wait = Math.round(retryMs * (0.8 + 0.4 * Math.random()));
    retryMs = Math.min(retryMs * 2, kLastRetryMs);
    retry = setTimeout(connect, wait);
    listener.connection({ kind: 'lost', since: lostSince, retryAt: now + wait });
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(lose, kSilenceMs);
  };
  const refuse = (why: string): void => {
    stop();
    listener.connection({ kind: 'unreadable', why });
    retry = setTimeout(connect, kLastRetryMs);
  };
  const onState = (event: MessageEvent<string>): void => {
    heard();
    const parsed = parseText(event.data, parseState);
    if (!parsed.ok) return refuse(parsed.error.why);
    retryMs = kFirstRetryMs;
    lostSince = null;
    listener.state(parsed.value);
    listener.connection({ kind: 'open' });
  };
  const onChanges = (event: MessageEvent<string>): void => {
    heard();
    const parsed = parseText(event.data, parseChanges);
    if (!parsed.ok) return refuse(parsed.error.why);
    listener.changes(parsed.value);
  };
  function connect(): void {
    stop();
    source = new EventSource(url);
    source.addEventListener('state', onState);
    source.addEventListener('changes', onChanges);
    source.addEventListener('error', lose);
    heard();
  }

  listener.connection({ kind: 'connecting' });
  connect();
  return { close: stop, retryNow: connect };
}
