import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, PROGRAMS } from './bundle.ts';

/** The root of the project; this file runs from dist/release. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where demo and tests find hfmd and hfmctl, bundled as install.sh installs them. */
const SBIN = join(ROOT, 'dist/sbin');

mkdirSync(SBIN, { recursive: true });
// Makes node load the programs as CommonJS, as in /usr/local/sbin; hfm's own package.json would not.
writeFileSync(join(SBIN, 'package.json'), '{ "type": "commonjs" }\n');
for (const name of PROGRAMS) {
  const { text } = await bundle(ROOT, `src/${name}.ts`);
  writeFileSync(join(SBIN, name), text, { mode: 0o755 });
}
