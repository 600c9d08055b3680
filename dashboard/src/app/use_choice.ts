import { useCallback, useEffect, useState } from 'react';
import type { LiveStore } from '../api/live_store';

const kParameter = 'device';

// `/t/ID` will be the tracker's own screen; until that stands, its address opens the Overview.
const kTracker = /^\/t\/([A-Za-z0-9_.-]{1,64})$/;

function chosenNow(): string | null {
  const asked = new URLSearchParams(location.search).get(kParameter);
  return asked ?? kTracker.exec(location.pathname)?.[1] ?? null;
}

export function hrefOf(id: string): string {
  return `/?${kParameter}=${encodeURIComponent(id)}`;
}

/** The tracker to open with: the one that makes most power now, so that the first look has sun. */
export function brightest(store: LiveStore, ids: readonly string[]): string | null {
  let best: string | null = null;
  let most = -1;
  for (const id of ids) {
    const device = store.device(id);
    const shines = device?.status === 'live' || device?.status === 'delayed';
    const power = shines ? (device.latest?.power_w ?? 0) : -0.5;
    if (power <= most) continue;
    most = power;
    best = id;
  }
  return best ?? ids[0] ?? null;
}

/** The shown tracker: the address's, or the brightest at the first look and then that one. */
export function useChoice(
  store: LiveStore,
  ids: readonly string[],
): { chosen: string | null; choose: (id: string) => void } {
  const [asked, setAsked] = useState(chosenNow);
  const [first, setFirst] = useState<string | null>(null);
  useEffect(() => {
    const follow = (): void => setAsked(chosenNow());
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const choose = useCallback((id: string) => {
    history.pushState(null, '', hrefOf(id));
    setAsked(id);
  }, []);
  if (asked !== null && ids.includes(asked)) return { chosen: asked, choose };
  if (first !== null && ids.includes(first)) return { chosen: first, choose };
  const found = brightest(store, ids);
  if (found !== first) setFirst(found);
  return { chosen: found, choose };
}
