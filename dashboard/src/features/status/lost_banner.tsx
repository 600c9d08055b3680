import type { Connection } from '../../api/stream';
import { useTick } from '../../shared/tick';

function Countdown({ retryAt }: { retryAt: number }) {
  const now = useTick(250, Date.now);
  const seconds = Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <span className="number">{seconds > 0 ? `Next try in ${seconds} s.` : 'Trying now…'}</span>
  );
}

/** The browser lost the server. This is never said of a tracker. */
export function LostBanner(props: { connection: Connection; onRetry: () => void }) {
  const { connection, onRetry } = props;
  if (connection.kind === 'unreadable') {
    return (
      <section className="banner" aria-label="Connection to the server">
        <p>
          <b role="alert">This page and the server speak different versions.</b> Reload to get the newer page.
        </p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Reload
        </button>
      </section>
    );
  }
  if (connection.kind !== 'lost') return null;
  return (
    <section className="banner" aria-label="Connection to the server">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M4 14a8 8 0 0 1 3-5.2M20 14a8 8 0 0 0-6.5-5.9M8 18h8M12 14v.1M3 3l18 18" />
      </svg>
      <p>
        <b role="alert">Your browser lost the server.</b>{' '}
        <Countdown retryAt={connection.retryAt} />{' '}
        <span className="banner-more">The trackers carry on; these are the last values seen.</span>
      </p>
      <button type="button" className="button" onClick={onRetry}>
        Try now
      </button>
    </section>
  );
}
