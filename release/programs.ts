import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, PROGRAMS } from './bundle.ts';

/** From dist/release, where this is run. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Here lie hfmd and hfmctl as install.sh puts them onto a firewall: demo and tests run these. */
const SBIN = join(ROOT, 'dist/sbin');

mkdirSync(SBIN, { recursive: true });
// As in /usr/local/sbin, where nothing makes an ES module of a file without an extension.
writeFileSync(join(SBIN, 'package.json'), '{ "type": "commonjs" }\n');
for (const name of PROGRAMS) {
  const { text } = await bundle(ROOT, `src/${name}.ts`);
  writeFileSync(join(SBIN, name), text, { mode: 0o755 });
}
