import { useCallback, useSyncExternalStore } from 'react';

/** A clock read again every `stepMs`, rounded down to it, so that a render sees one time only. */
export function useTick(stepMs: number, read: () => number): number {
  const subscribe = useCallback(
    (listener: () => void) => {
      const timer = setInterval(listener, stepMs);
      return () => clearInterval(timer);
    },
    [stepMs],
  );
  return useSyncExternalStore(subscribe, () => Math.floor(read() / stepMs) * stepMs);
}
