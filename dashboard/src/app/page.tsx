import { memo, useEffect, useMemo } from 'react';
import { fetchReadiness, fetchStorage } from '../api/client';
import type { Storage } from '../api/shapes';
import { KeepingBanner } from '../features/status/keeping_banner';
import { LostBanner } from '../features/status/lost_banner';
import { StorageBanner, StorageLine } from '../features/status/storage_room';
import { FreshnessChip } from '../features/status/freshness_chip';
import { NoTrackers } from '../features/trackers/no_trackers';
import { TrackerPicker } from '../features/trackers/tracker_picker';
import { clock, zoneOffset } from '../shared/format';
import { useDevice, useLiveStore, useOverall, useServerNow } from '../shared/live';
import { useAnswer } from '../shared/use_answer';
import { Loading } from './loading';
import { Overview } from './overview';
import { ThemeButton } from './theme';
import { hrefOf, useChoice } from './use_choice';

const kReadyEveryMs = 10_000;
const kStorageEveryMs = 600_000;
const kOwnZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

function Mark() {
  return (
    <a href="/" className="mark" aria-label="IDAST, overview">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path d="M4 24a12 12 0 0 1 24 0" className="arc" />
        <circle cx="21" cy="12.5" r="5" className="sun" />
        <path d="M8 26l10-6 3.2 3.8-10 6z" className="panel" />
      </svg>
      <span>IDAST</span>
    </a>
  );
}

type SiteClockProps = { zone: string; place: string | null };

// The page renders at every sample; its edges only when they change.
const SiteClock = memo(function SiteClock({ zone, place }: SiteClockProps) {
  const now = useServerNow(1_000);
  const offset = zone === kOwnZone ? '' : ` (${zoneOffset(now, zone)})`;
  return (
    <p className="site-clock number">
      {place ? `${place}, ` : ''}
      {clock(now, zone)}
      {place === null ? ' UTC' : offset}
    </p>
  );
});

type FooterProps = { zone: string; storage: Storage | null };

const Footer = memo(function Footer({ zone, storage }: FooterProps) {
  const now = useServerNow(60_000);
  const differs = zoneOffset(now, kOwnZone) !== zoneOffset(now, zone);
  return (
    <footer className="foot">
      <p>
        Times are the site’s: {zone.replaceAll('_', ' ')} ({zoneOffset(now, zone)})
        {differs ? `; your clock is on ${zoneOffset(now, kOwnZone)}` : ''}.
      </p>
      <StorageLine storage={storage} />
    </footer>
  );
});

export function Page({ onRetry }: { onRetry: () => void }) {
  const store = useLiveStore();
  const overall = useOverall();
  const { deviceIds, connection, savedAt, epoch } = overall;
  const { chosen, choose } = useChoice(store, deviceIds);
  const choices = useMemo(() => deviceIds.map((id) => ({ id, href: hrefOf(id) })), [deviceIds]);
  const device = useDevice(chosen ?? '');
  const zone = device?.site?.time_zone ?? 'UTC';
  const name = device?.name;
  const readiness = useAnswer({
    subject: 'ready',
    asked: epoch > 0,
    version: epoch,
    everyMs: kReadyEveryMs,
    ask: fetchReadiness,
  });
  const storage = useAnswer({
    subject: 'storage',
    asked: epoch > 0,
    version: epoch,
    everyMs: kStorageEveryMs,
    ask: fetchStorage,
  });
  // Of an earlier visit nothing is said, and what was true before the server was lost may not be.
  const fresh = epoch > 0 && connection.kind !== 'lost' && readiness.error === null;
  useEffect(() => {
    document.title = name === undefined ? 'IDAST' : `${name} · IDAST`;
  }, [name]);

  return (
    <div className={connection.kind === 'lost' ? 'page lost' : 'page'}>
      <a href="#main" className="skip">
        Skip to the readings
      </a>
      <LostBanner connection={connection} onRetry={onRetry} />
      <KeepingBanner ready={fresh ? readiness.value : null} />
      <StorageBanner storage={fresh && storage.error === null ? storage.value : null} />
      <header className={deviceIds.length === 0 && epoch > 0 ? 'top bare' : 'top'}>
        <Mark />
        {deviceIds.length > 0 && (
          <TrackerPicker
            choices={choices}
            current={chosen}
            onPick={choose}
          />
        )}
        <div className="top-end">
          {device && savedAt === null && <SiteClock zone={zone} place={device.site?.name ?? null} />}
          {device && (
            <FreshnessChip
              device={device}
              zone={zone}
              savedAt={savedAt}
              serverLost={connection.kind === 'lost'}
            />
          )}
          <ThemeButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {device && <Overview key={device.id} device={device} overall={overall} />}
        {!device && epoch > 0 && <NoTrackers broker={overall.broker} />}
        {!device && epoch === 0 && <Loading />}
      </main>
      {device && <Footer zone={zone} storage={epoch > 0 ? storage.value : null} />}
    </div>
  );
}
