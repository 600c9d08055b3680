// A line over time, drawn by uPlot. The server has already bucketed the columns; null is a gap.
import './chart.css';
import { useEffect, useRef } from 'react';
import type uPlot from 'uplot';
import { decimal } from './format';

export type Line = {
  label: string;
  unit: string;
  decimals: number;
  /** The CSS custom property that holds the colour. */
  colour: string;
  scale: 'left' | 'right';
  fill: boolean;
  width: number;
  /** Drawn dashed: not measured. */
  dashed?: boolean;
};

export type ChartData = {
  /** Seconds, ascending. */
  t: number[];
  /** One column per line, in order; null where nothing is known. */
  values: (number | null)[][];
  /** Lowest and highest of each bucket of the first line, drawn as a band. */
  band?: { min: (number | null)[]; max: (number | null)[] } | undefined;
};

export type ChartProps = {
  /** Spoken instead of the picture. */
  sentence: string;
  zone: string;
  lines: readonly Line[];
  data: ChartData;
  range: Range;
  /** The right scale's fixed ends, e.g. 0–100 %. */
  right?: readonly [number, number];
  seconds?: boolean;
};

type Range = { from: number; to: number };
type Drawn = { plot: uPlot; range: Range; shape: string; data: ChartData };

// Asking the browser for a colour makes it settle all styles at once, and a drawing asks for many.
const colours = new Map<string, string>();

function colourOf(name: string): string {
  const known = colours.get(name);
  if (known) return known;
  const colour = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  colours.set(name, colour);
  return colour;
}

/** `#rrggbb` with an opacity, for canvas fills. */
function faded(name: string, opacity: number): string {
  return `color-mix(in srgb, ${colourOf(name)} ${opacity * 100}%, transparent)`;
}

function gradient(plot: uPlot, name: string): CanvasGradient | string {
  const { top, height } = plot.bbox;
  if (!Number.isFinite(height) || height <= 0) return 'transparent';
  const fill = plot.ctx.createLinearGradient(0, top, 0, top + height);
  fill.addColorStop(0, faded(name, 0.34));
  fill.addColorStop(1, faded(name, 0.02));
  return fill;
}

function timeLabels(zone: string, seconds: boolean) {
  const options: Intl.DateTimeFormatOptions = {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  };
  if (seconds) options.second = '2-digit';
  const format = new Intl.DateTimeFormat('en-GB', options);
  return (_plot: uPlot, splits: number[]) => splits.map((split) => format.format(split * 1000));
}

function columns(props: ChartProps): uPlot.AlignedData {
  const { t, values, band } = props.data;
  return band ? [t, ...values, band.min, band.max] : [t, ...values];
}

function makeOptions(props: ChartProps, size: { width: number; height: number }) {
  const range = { ...props.range };
  const axis = {
    stroke: () => colourOf('--muted'),
    font: '12px "Figtree Variable", sans-serif',
    ticks: { show: false },
    grid: { stroke: () => colourOf('--grid'), width: 1 },
  };
  const series: uPlot.Series[] = [{}];
  for (const line of props.lines) {
    series.push({
      label: line.label,
      scale: line.scale,
      stroke: () => colourOf(line.colour),
      width: line.width,
      ...(line.dashed ? { dash: [6, 5] } : {}),
      points: { show: false },
      spanGaps: false,
      ...(line.fill ? { fill: (plot: uPlot) => gradient(plot, line.colour) } : {}),
    });
  }
  const options: uPlot.Options = {
    ...size,
    series,
    tzDate: (seconds) => new Date(seconds * 1000),
    legend: { show: false },
    cursor: { y: false, points: { size: 8 }, drag: { x: false, y: false } },
    padding: [8, 6, 0, 0],
    scales: {
      x: { time: true, range: () => [range.from, range.to] },
      left: { range: (_plot, _min, max) => [0, niceTop(max)] },
      right: { range: () => [props.right?.[0] ?? 0, props.right?.[1] ?? 100] },
    },
    axes: [
      { ...axis, values: timeLabels(props.zone, false), space: 72, size: 28 },
      {
        ...axis,
        scale: 'left',
        size: 44,
        values: (_plot, splits) => splits.map((split) => tick(split)),
      },
    ],
  };
  if (props.right) {
    options.axes?.push({ ...axis, scale: 'right', side: 1, size: 40, grid: { show: false } });
    options.padding = [8, 0, 0, 0];
  }
  if (props.data.band) {
    const hidden = { scale: 'left', stroke: 'transparent', width: 0, points: { show: false } };
    const first = series.length;
    series.push({ ...hidden, label: 'lowest' }, { ...hidden, label: 'highest' });
    const colour = props.lines[0]?.colour ?? '--sun';
    options.bands = [{ series: [first + 1, first], fill: () => faded(colour, 0.22) }];
  }
  return { options, range };
}

/** The left scale's top: never below 1 W, so that noise at night does not look like power. */
export function niceTop(max: number | null): number {
  const top = Math.max(1, (max ?? 0) * 1.05);
  const decade = 10 ** Math.floor(Math.log10(top));
  const lead = top / decade;
  const step = decade * (lead <= 2 ? 0.2 : lead <= 5 ? 0.5 : 1);
  return Math.ceil(top / step) * step;
}

function tick(value: number): string {
  return decimal(value, Number.isInteger(value) ? 0 : 1);
}

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const latest = useRef(props);
  // A plot is built for a zone and a number of columns; new data alone must not rebuild it.
  const shape = `${props.zone}|${props.lines.length}|${props.data.band ? 1 : 0}`;

  useEffect(() => {
    latest.current = props;
    const now = drawn.current;
    if (!now || now.shape !== shape) return;
    const { from, to } = props.range;
    // The page renders at every sample; a chart is drawn again only when it would look different.
    if (now.data === props.data && now.range.from === from && now.range.to === to) return;
    now.data = props.data;
    Object.assign(now.range, props.range);
    now.plot.setData(columns(props));
  });

  useEffect(() => {
    const holder = box.current;
    if (!holder) return;
    let stop = (): void => undefined;
    let gone = false;
    void import('uplot').then(({ default: make }) => {
      if (gone) return;
      const now = latest.current;
      const size = { width: holder.clientWidth, height: holder.clientHeight };
      const { options, range } = makeOptions(now, size);
      options.hooks = { setCursor: [(at) => showCursor(at, latest.current, readout.current)] };
      const plot = new make(options, columns(now), holder);
      drawn.current = { plot, range, shape, data: now.data };
      stop = followPage(plot, holder);
    });
    return () => {
      gone = true;
      stop();
      drawn.current?.plot.destroy();
      drawn.current = null;
    };
  }, [shape]);

  return (
    <div className="chart" role="img" aria-label={props.sentence}>
      <div ref={box} className="chart-canvas" aria-hidden="true" />
      <div ref={readout} className="chart-readout" aria-hidden="true" />
    </div>
  );
}

/** Redraws on a new size or theme; the returned function ends that. */
function followPage(plot: uPlot, holder: HTMLElement): () => void {
  const resize = new ResizeObserver(() => {
    plot.setSize({ width: holder.clientWidth, height: holder.clientHeight });
  });
  resize.observe(holder);
  const redraw = (): void => {
    colours.clear();
    plot.redraw(false, true);
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', redraw);
  addEventListener('idast-theme', redraw);
  return () => {
    resize.disconnect();
    dark.removeEventListener('change', redraw);
    removeEventListener('idast-theme', redraw);
  };
}

/** What stands under the pointer, as text above the picture. */
function showCursor(plot: uPlot, props: ChartProps, readout: HTMLDivElement | null): void {
  if (!readout) return;
  const { idx, left } = plot.cursor;
  const at = idx === null || idx === undefined ? undefined : props.data.t[idx];
  if (at === undefined || left === undefined || left < 0) {
    readout.textContent = '';
    return;
  }
  const label = timeLabels(props.zone, props.seconds ?? false)(plot, [at])[0] ?? '';
  const values = props.lines.map((line, index) => {
    const value = props.data.values[index]?.[idx ?? 0] ?? null;
    return value === null ? '–' : `${decimal(value, line.decimals)} ${line.unit}`;
  });
  readout.textContent = [label, ...values].join('  ·  ');
}
