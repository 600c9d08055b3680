// How components read the live store: one subscription per device, one for the page as a whole.
import { createContext, useContext, useState, useSyncExternalStore } from 'react';
import type { DeviceState, LiveStore, Overall } from '../api/live_store';
import { useTick } from './tick';

const Live = createContext<LiveStore | null>(null);
export const LiveProvider = Live.Provider;

export function useLiveStore(): LiveStore {
  const store = useContext(Live);
  if (!store) throw new Error('no LiveProvider above this component');
  return store;
}

export function useOverall(): Overall {
  const store = useLiveStore();
  return useSyncExternalStore(
    (listener) => store.subscribeOverall(listener),
    () => store.overallNow(),
  );
}

export function useDevice(id: string): DeviceState | null {
  const store = useLiveStore();
  const [subscribe] = useState(() => subscriber(store));
  return useSyncExternalStore(subscribe(id), () => store.device(id));
}

/** One plain value of a device: the component draws again when it changes, not at every sample. */
export function useOfDevice<T extends string | number | boolean | null>(
  id: string,
  pick: (device: DeviceState | null) => T,
): T {
  const store = useLiveStore();
  const [subscribe] = useState(() => subscriber(store));
  return useSyncExternalStore(subscribe(id), () => pick(store.device(id)));
}

// The subscribe function must keep its identity, or React resubscribes at every render.
function subscriber(store: LiveStore): (id: string) => (listener: () => void) => () => void {
  const made = new Map<string, (listener: () => void) => () => void>();
  return (id) => {
    const known = made.get(id) ?? ((listener) => store.subscribeDevice(id, listener));
    made.set(id, known);
    return known;
  };
}

/** Server time, read again every `stepMs`. It stands still while the server is out of reach. */
export function useServerNow(stepMs: number): number {
  const store = useLiveStore();
  return useTick(stepMs, () => store.serverNow());
}
