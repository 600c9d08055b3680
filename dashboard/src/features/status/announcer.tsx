import { useEffect, useRef, useState } from 'react';

// Live numbers would flood a screen reader; a summary every half minute does not.
const kAtMostEveryMs = 30_000;

/** Speaks `summary` politely: at most every 30 s, and at once when `status` changes. */
export function Announcer(props: { summary: string; status: string }) {
  const { summary, status } = props;
  const [spoken, setSpoken] = useState({ status, text: summary });
  const latest = useRef(summary);
  useEffect(() => {
    latest.current = summary;
  }, [summary]);
  useEffect(() => {
    const timer = setInterval(
      () => setSpoken((before) => ({ ...before, text: latest.current })),
      kAtMostEveryMs,
    );
    return () => clearInterval(timer);
  }, []);
  if (spoken.status !== status) setSpoken({ status, text: summary });

  return (
    <p className="visually-hidden" aria-live="polite">
      {spoken.text}
    </p>
  );
}
