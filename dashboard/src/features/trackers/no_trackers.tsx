import { useState } from 'react';

function CopyLine({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Select the text to copy it');
    }
  };
  return (
    <div className="copy-line">
      <code>{text}</code>
      <button
        type="button"
        className="button"
        aria-label={`Copy the ${what}`}
        onClick={() => void copy()}
      >
        Copy
      </button>
      <span role="status" className="copy-said">
        {said}
      </span>
    </div>
  );
}

/** No tracker has spoken yet: how to send one here, or start a simulated one. */
export function NoTrackers({ broker }: { broker: string | null }) {
  const address = broker ?? 'mqtt://127.0.0.1:1883';
  return (
    <section className="empty" data-scene="day" aria-labelledby="empty-title">
      <svg viewBox="0 0 240 120" className="empty-picture" aria-hidden="true">
        <defs>
          <radialGradient id="empty-glow">
            <stop offset="0.2" className="glow-near" />
            <stop offset="0.5" className="glow-mid" />
            <stop offset="1" className="glow-far" />
          </radialGradient>
        </defs>
        <path d="M20 104a100 100 0 0 1 200 0" className="arc" />
        <path d="M4 104h232" className="ground" />
        <path d="M178 22L120 80" className="ray" />
        <circle cx="178" cy="22" r="52" fill="url(#empty-glow)" />
        <circle cx="178" cy="22" r="11" className="sun" />
        <path d="M120 104V80" className="pole" />
        <path d="M98 64l10-6 36 36-10 6z" className="panel" />
      </svg>
      <h1 id="empty-title">Ready for your first tracker</h1>
      <p>
        The server listens and nothing has spoken yet. Point a tracker at this broker, and it appears
        here by itself:
      </p>
      <CopyLine text={address} what="broker address" />
      <p>No hardware at hand? Start a simulated tracker with the real firmware logic inside:</p>
      <CopyLine text={`idast twin --mqtt ${address} --devices 1`} what="command" />
    </section>
  );
}
