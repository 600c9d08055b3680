import { SkyDome } from '../features/sky/sky_dome';
import { kUnknown } from '../shared/format';

/** Skeletons in the final sizes, under the sky of the last visit (public/theme.js), so that nothing moves when the values come. */
export function Loading() {
  return (
    <div className="loading">
      <section className="hero">
        <div className="hero-words">
          <h1>Reaching the server… The first values of your trackers come in a moment.</h1>
          <p className="power unknown">
            <span className="power-number">{kUnknown}</span>
            <span className="power-unit">W</span>
          </p>
          <p className="power-note">panel output</p>
          <div className="phone-row" />
        </div>
        <div className="hero-sky">
          <SkyDome
            sky={null}
            zone="UTC"
            now={0}
            sun={null}
            panel={null}
            trim={null}
            panelIsOld={false}
            ownClock={false}
          />
          <dl className="sky-figures" />
        </div>
      </section>
      <div className="card flow-size skeleton" />
      <div className="tiles-size skeleton" />
      <div className="two">
        <div className="card chart-size skeleton" />
        <div className="card chart-size skeleton" />
      </div>
    </div>
  );
}
