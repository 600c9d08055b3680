// What the browser keeps between visits, so that the page paints its last known values at once.
// localStorage rather than IndexedDB: it answers before the first frame, and this is a few kB.
import type { LiveStore } from '../api/live_store';
import { parseEnergy, parseGain, parseSky, parseState, type StateEvent } from '../api/shapes';
import { rememberAnswer, rememberedAnswers } from '../shared/use_answer';

const kKey = 'idast.saved.1';
// A fleet's whole state would crowd out other pages of this origin; a few trackers are a first look.
const kDevicesMost = 12;
const kAnswersMost = 24;
const kEveryMs = 5_000;

type Kept = { state: StateEvent; answers: (readonly [string, unknown])[] };

function isKept(input: unknown): input is { state: unknown; answers: unknown[] } {
  if (typeof input !== 'object' || input === null) return false;
  return 'state' in input && 'answers' in input && Array.isArray(input.answers);
}

function restoreAnswer(entry: unknown): void {
  if (!Array.isArray(entry)) return;
  const [subject, value]: unknown[] = entry;
  if (typeof subject !== 'string') return;
  if (subject.startsWith('sky/')) {
    const sky = parseSky(value);
    if (sky.ok) rememberAnswer(subject, sky.value);
    return;
  }
  if (subject.startsWith('gain/')) {
    const gain = parseGain(value);
    if (gain.ok) rememberAnswer(subject, gain.value);
    return;
  }
  if (typeof value !== 'object' || value === null || !('energy' in value)) return;
  const energy = parseEnergy(value.energy);
  // This page has counted nothing yet.
  if (energy.ok) rememberAnswer(subject, { energy: energy.value, gainedWh: 0 });
}

/** Restores what an earlier visit saved; anything unreadable is as if nothing had been saved. */
export function restoreSaved(store: LiveStore): void {
  try {
    const input: unknown = JSON.parse(localStorage.getItem(kKey) ?? 'null');
    if (!isKept(input)) return;
    const state = parseState(input.state);
    if (!state.ok || state.value.devices.length === 0) return;
    input.answers.forEach(restoreAnswer);
    store.restore(state.value);
  } catch {
    // Storage denied or not JSON: the page starts with skeletons.
  }
}

function write(store: LiveStore): void {
  // Values that were themselves restored would only grow older under a newer name.
  if (store.overallNow().savedAt !== null || store.overallNow().epoch === 0) return;
  const state = store.save();
  const answers = [...rememberedAnswers()]
    .filter(([subject]) => /^(sky|energy|gain)\//.test(subject))
    .slice(-kAnswersMost);
  const kept: Kept = { state: { ...state, devices: state.devices.slice(0, kDevicesMost) }, answers };
  try {
    localStorage.setItem(kKey, JSON.stringify(kept));
  } catch {
    // Full or denied: the next visit starts with skeletons.
  }
}

/** Saves every few seconds and when the page is left; the returned function stops it. */
export function keepSaved(store: LiveStore): () => void {
  const timer = setInterval(() => write(store), kEveryMs);
  const leave = (): void => write(store);
  addEventListener('pagehide', leave);
  return () => {
    clearInterval(timer);
    removeEventListener('pagehide', leave);
  };
}
