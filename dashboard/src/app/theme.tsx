import { useState } from 'react';

const kKey = 'idast.theme';
const kThemes = ['system', 'light', 'dark'] as const;
type Theme = (typeof kThemes)[number];

const kIcons: Readonly<Record<Theme, string>> = {
  system: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 2.5v11M8 5h4M8 8h5.4M8 11h4',
  light: 'M8 5.2a2.8 2.8 0 1 0 0 5.600a2.8 2.8 0 1 0 0-5.600M8 1v1.500M8 13.500V15M1 8h1.500M13.5 8H15M3 3l1.1 1.100M11.9 11.900L13 13M3 13l1.1-1.100M11.9 4.100L13 3',
  dark: 'M13.5 9.500A5.8 5.8 0 1 1 6.5 2.500a4.6 4.6 0 0 0 7 7',
};

function savedTheme(): Theme {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem(kKey);
    else localStorage.setItem(kKey, theme);
  } catch {
    // Storage denied: the choice lasts as long as the page.
  }
  dispatchEvent(new Event('idast-theme'));
}

/** Cycles system, light, dark. */
export function ThemeButton() {
  const [theme, setTheme] = useState(savedTheme);
  const next = kThemes[(kThemes.indexOf(theme) + 1) % kThemes.length] ?? 'system';
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Theme: ${theme}. Change to ${next}`}
      onClick={() => {
        apply(next);
        setTheme(next);
      }}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={kIcons[theme]} />
      </svg>
    </button>
  );
}
