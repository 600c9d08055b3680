import type { LiveStore } from '../api/live_store';
import { openStream, type Stream } from '../api/stream';

/**
 * Connects the store to the server's stream for as long as the page is seen. A hidden page listens
 * to nothing: on return the stream begins with the whole state, so nothing is missed that counts.
 */
export function connect(store: LiveStore): { retryNow: () => void } {
  let stream: Stream | null = null;
  const open = (): void => {
    if (stream || document.hidden) return;
    stream = openStream('/api/v1/stream', {
      state: (event) => store.applyState(event),
      changes: (event) => store.applyChanges(event),
      connection: (connection) => store.setConnection(connection),
    });
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) return open();
    stream?.close();
    stream = null;
  });
  open();
  return { retryNow: () => stream?.retryNow() };
}
