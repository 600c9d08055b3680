const kCount = 110;

// A fixed scatter by the golden ratio, with the last digits stirred: the same sky at every visit.
// None stands among the words on the left, where it would read as a comma.
const kStars = Array.from({ length: kCount }, (_, index) => {
  const x = 440 + ((index * 0.618034) % 1) * 840;
  const stir = Math.sin(index * 12.9898) * 43_758.5453;
  const y = (stir - Math.floor(stir)) ** 1.3 * 430;
  return { x: x.toFixed(0), y: y.toFixed(0), size: 0.5 + ((index * 7) % 5) * 0.22 };
});

/** The night sky behind the words. */
export function Stars() {
  return (
    <svg
      viewBox="0 0 1280 520"
      preserveAspectRatio="xMidYMid slice"
      className="stars"
      aria-hidden="true"
    >
      {kStars.map(({ x, y, size }) => (
        <circle key={`${x} ${y}`} cx={x} cy={y} r={size} />
      ))}
    </svg>
  );
}
