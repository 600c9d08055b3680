import { useId, useRef, type ReactNode } from 'react';

const kMarginPx = 12;

/**
 * The small (i) beside a derived number, and what it opens: formula, inputs, factor, source. The
 * browser's own popover gives Escape, click outside, focus and the top layer.
 */
export function Info(props: { about: string; children: ReactNode }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const popover = useRef<HTMLDivElement>(null);

  const place = (): void => {
    const anchor = button.current?.getBoundingClientRect();
    const box = popover.current;
    if (!anchor || !box || !box.matches(':popover-open')) return;
    // On a narrow screen the style sheet makes it a sheet at the bottom.
    if (matchMedia('(max-width: 639px)').matches) {
      box.style.removeProperty('left');
      box.style.removeProperty('top');
      return;
    }
    const { offsetWidth: width, offsetHeight: height } = box;
    const left = Math.min(anchor.right - width / 2, innerWidth - width - kMarginPx);
    const below = anchor.bottom + 6;
    const top = below + height > innerHeight - kMarginPx ? anchor.top - height - 6 : below;
    box.style.left = `${Math.max(kMarginPx, left)}px`;
    box.style.top = `${Math.max(kMarginPx, top)}px`;
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        className="info-button"
        popoverTarget={id}
        aria-label={`About ${props.about}`}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="6.5" />
          <path d="M8 7.2v4M8 4.7v.1" />
        </svg>
      </button>
      <div ref={popover} id={id} popover="auto" className="info-popover" onToggle={place}>
        <h3>{props.about}</h3>
        {props.children}
      </div>
    </>
  );
}
