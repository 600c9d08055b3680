import type { Readiness } from '../../api/shapes';
import { keepingOf } from './keeping';

/** The server hears samples that its database does not take. Nothing while all is well. */
export function KeepingBanner({ ready }: { ready: Readiness | null }) {
  const keeping = keepingOf(ready);
  if (keeping === null) return null;
  return (
    <section className="banner" aria-label="Storage of samples">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0M12 12v3M12 18v.1" />
      </svg>
      <p>
        <b role="alert">{keeping.fault}</b> {keeping.more}
      </p>
    </section>
  );
}
