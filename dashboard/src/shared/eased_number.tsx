import { useLayoutEffect, useRef } from 'react';
import { kUnknown } from './format';

// Long enough to be seen as movement, shorter than the 350 ms between samples.
const kEaseMs = 300;
// A step costs a slow phone a layout and a paint of 30 ms; this many are still read as a glide.
const kStepMs = 75;

// One clock for all glides: they step in one and the same frame, and no frame is asked for between.
const glides = new Set<(now: number) => void>();
let stepPlanned = false;

function planStep(): void {
  if (stepPlanned || glides.size === 0) return;
  stepPlanned = true;
  setTimeout(() => {
    requestAnimationFrame((now) => {
      stepPlanned = false;
      for (const step of [...glides]) step(now);
      planStep();
    });
  }, kStepMs);
}

function calm(): boolean {
  return document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/**
 * A number that glides to its new value. It writes its own text, so that a frame of movement costs
 * no React render. `format` must keep its number of decimals, or the text would jump.
 */
export function EasedNumber(props: { value: number | null; format: (value: number) => string }) {
  const { value, format } = props;
  const element = useRef<HTMLSpanElement>(null);
  const shown = useRef<number | null>(null);
  const moving = useRef(false);
  const write = useRef((_next: number | null): void => undefined);

  useLayoutEffect(() => {
    write.current = (next) => {
      shown.current = next;
      const text = next === null ? kUnknown : format(next);
      const span = element.current;
      // Writing the same text again would still cost a layout.
      if (span && span.textContent !== text) span.textContent = text;
    };
    // The unit or the currency may have changed while the value stood still.
    if (!moving.current && shown.current === value) write.current(value);
  });

  useLayoutEffect(() => {
    const from = shown.current;
    if (value === null || from === null || from === value || calm()) {
      write.current(value);
      return;
    }
    moving.current = true;
    const draw = (part: number): boolean => {
      const eased = 1 - (1 - part) ** 3;
      moving.current = part < 1;
      write.current(part === 1 ? value : from + (value - from) * eased);
      return moving.current;
    };
    // The first step is taken now: what came is seen in the frame that brings it, not a step later.
    const start = performance.now() - kStepMs;
    draw(kStepMs / kEaseMs);
    const step = (now: number): void => {
      const part = Math.min(1, Math.max(0, (now - start) / kEaseMs));
      if (!draw(part)) glides.delete(step);
    };
    glides.add(step);
    planStep();
    return () => {
      moving.current = false;
      glides.delete(step);
    };
  }, [value]);

  return <span ref={element} className="number" />;
}
