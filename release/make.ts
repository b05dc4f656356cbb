import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { VERSION } from '../src/version.ts';
import { contents } from './contents.ts';
import { ustar } from './ustar.ts';

/** The root of the project; this file runs from dist/release. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** All files have this time, so the same source makes the same bytes. */
const MTIME_S = Number(process.env.SOURCE_DATE_EPOCH ?? Date.UTC(2026, 0, 1) / 1000);

const NAME = `hfm-${VERSION}`;

const [folder = ROOT] = process.argv.slice(2);
const files = await contents(ROOT);
const archive = ustar(
  files.map((file) => ({ ...file, path: `${NAME}/${file.path}` })),
  MTIME_S,
);
const target = join(folder, `${NAME}.tgz`);
writeFileSync(target, gzipSync(archive, { level: 9 }));
process.stdout.write(`${target}\n`);
