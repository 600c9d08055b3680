// Keeps the answer to a question over HTTP fresh. What was last known about a subject stays on the
// screen while the next answer is on its way, and is kept by the browser for the next visit.
import { useEffect, useState } from 'react';
import type { Fetched, FetchError } from '../api/client';

export type Answer<T> = { value: T | null; error: FetchError | null };

export type Question<T> = {
  /** Whose answer it is, e.g. "sky/roof-1/2026-10-14"; null has none. */
  subject: string | null;
  /** Whether to ask now; until then a remembered answer stands. */
  asked: boolean;
  /** A change asks again at once, e.g. after the stream has come back. */
  version: number;
  everyMs: number;
  ask: (signal: AbortSignal) => Promise<Fetched<T>>;
};

const kRetryMs = 5_000;
// Six a tracker and day, for ten trackers that are looked at in turn. Without a limit a page that
// stays open on a wall would keep every day it has seen.
export const kKnownMost = 64;
const known = new Map<string, unknown>();

/** Keeps the newest answer to each subject, the last one given last; the oldest are forgotten. An
 *  answer from an earlier visit is put in place this way too, until a live one replaces it. */
export function rememberAnswer(subject: string, value: unknown): void {
  known.delete(subject);
  known.set(subject, value);
  for (const oldest of known.keys()) {
    if (known.size <= kKnownMost) break;
    known.delete(oldest);
  }
}

export function rememberedAnswers(): ReadonlyMap<string, unknown> {
  return known;
}

export function useAnswer<T>(question: Question<T>): Answer<T> {
  const { subject, asked, version, everyMs, ask } = question;
  const [answers, setAnswers] = useState<{ subject: string | null } & Answer<T>>({
    subject: null,
    value: null,
    error: null,
  });

  useEffect(() => {
    if (subject === null || !asked) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      const answer = await ask(abort.signal);
      if (abort.signal.aborted) return;
      if (answer.ok) rememberAnswer(subject, answer.value);
      setAnswers((before) => {
        if (answer.ok) return { subject, value: answer.value, error: null };
        const value = before.subject === subject ? before.value : null;
        return { subject, value, error: answer.error };
      });
      const again = !answer.ok && answer.error.kind === 'unreachable' ? kRetryMs : everyMs;
      timer = setTimeout(() => void run(), again);
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
    // `ask` closes over the subject only, so the subject stands for it.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [subject, asked, version, everyMs]);

  if (subject === null) return { value: null, error: null };
  const value = answers.subject === subject ? answers.value : null;
  const error = answers.subject === subject ? answers.error : null;
  // Only `rememberAnswer` and a parsed answer to this very subject put values in.
  return { value: value ?? (known.get(subject) as T | undefined) ?? null, error };
}
