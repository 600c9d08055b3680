import { useEffect, useRef, useState } from 'react';

// Live numbers would flood a screen reader; a summary every half minute does not.
const kAtMostEveryMs = 30_000;

/**
 * Speaks `summary` politely: at most every 30 s, and at once when `status` changes.
 */
export function Announcer(props: { summary: string; status: string }) {
  const { summary, status } = props;
  const [spoken, setSpoken] = useState('');
  const latest = useRef(summary);
  latest.current = summary;

  useEffect(() => {
    setSpoken(latest.current);
    const timer = setInterval(() => setSpoken(latest.current), kAtMostEveryMs);
    return () => clearInterval(timer);
  }, [status]);

  return (
    <p className="visually-hidden" aria-live="polite">
      {spoken}
    </p>
  );
}
