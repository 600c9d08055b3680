/** Skeletons in the final sizes, so that nothing moves when the values come. */
export function Loading() {
  return (
    <div className="loading" role="status" aria-label="Waiting for the first values">
      <div className="hero skeleton" data-scene="day" />
      <div className="card flow-size skeleton" />
      <div className="tiles-size skeleton" />
      <div className="two">
        <div className="card chart-size skeleton" />
        <div className="card chart-size skeleton" />
      </div>
    </div>
  );
}
