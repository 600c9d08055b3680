// Lays a .gz and a .br beside every file of dist/ that shrinks, so that the server compresses nothing.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const kDist = fileURLToPath(new URL('../dist', import.meta.url));
const kCompressible = new Set(['.html', '.js', '.css', '.svg', '.webmanifest', '.txt', '.json']);

for (const entry of await readdir(kDist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !kCompressible.has(extname(entry.name))) continue;
  const path = join(entry.parentPath, entry.name);
  const body = await readFile(path);
  const gzip = gzipSync(body, { level: 9 });
  const brotli = brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  });
  if (gzip.length < body.length) await writeFile(`${path}.gz`, gzip);
  if (brotli.length < body.length) await writeFile(`${path}.br`, brotli);
}
