// Prints what the page loads before it is complete, gzip, and fails above the budget.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

// The budget: a phone on a slow link in a village.
const kBudgetBytes = 110_000;
const kDist = fileURLToPath(new URL('../dist', import.meta.url));

const gzipped = async (path) => gzipSync(await readFile(join(kDist, path)), { level: 9 }).length;
const html = await readFile(join(kDist, 'index.html'), 'utf8');
const initial = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((match) => match[1]);
const all = (await readdir(join(kDist, 'assets'))).filter((name) => name.endsWith('.js'));

let first = 0;
for (const path of initial) first += await gzipped(path);
let total = 0;
for (const name of all) total += await gzipped(`assets/${name}`);
let styles = 0;
for (const name of await readdir(join(kDist, 'assets'))) {
  if (name.endsWith('.css')) styles += await gzipped(`assets/${name}`);
}
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`initial JS ${kB(first)} gzip, all JS ${kB(total)}, CSS ${kB(styles)}; budget ${kB(kBudgetBytes)}`);
if (first > kBudgetBytes) {
  console.error('over budget');
  process.exit(1);
}
