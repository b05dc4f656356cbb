import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, LAUNCHER, PROGRAMS } from './bundle.ts';
import { licenceTexts } from './licences.ts';
import type { ArchiveFile } from './ustar.ts';

const DOCUMENTS = ['LICENSE', 'README.md', 'hfm.toml.example'];
const SCRIPTS = ['rc.d/openbsd/hfmd', 'rc.d/freebsd/hfmd'];
/** Each file directly in these folders goes along; what has no extension is a program. */
const FOLDERS = ['man', 'docs', 'checks', 'actions', 'libexec'];

/** All files of the artefact, sorted by path. */
export async function contents(root: string): Promise<ArchiveFile[]> {
  const [launcher, ...bundles] = await Promise.all(
    [LAUNCHER, ...PROGRAMS].map((name) => bundle(root, `src/${name}.ts`)),
  );
  const inputs = bundles.flatMap((one) => one.inputs);
  const files = [
    ...PROGRAMS.map((name, i) => program(`sbin/${name}`, Buffer.from(bundles[i]?.text ?? ''))),
    text('LICENSES', Buffer.from(licenceTexts(root, inputs))),
    program(LAUNCHER, Buffer.from(launcher?.text ?? '')),
    program('install.sh', readFileSync(join(root, 'release/install.sh'))),
    ...DOCUMENTS.map((path) => text(path, readFileSync(join(root, path)))),
    ...SCRIPTS.map((path) => program(path, readFileSync(join(root, path)))),
    ...FOLDERS.flatMap((folder) => filesOf(root, folder)),
  ];
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function filesOf(root: string, folder: string): ArchiveFile[] {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => {
      const path = `${folder}/${name}`;
      const content = readFileSync(join(root, path));
      return name.includes('.') ? text(path, content) : program(path, content);
    });
}

function program(path: string, content: Buffer): ArchiveFile {
  return { path, mode: 0o755, content };
}

function text(path: string, content: Buffer): ArchiveFile {
  return { path, mode: 0o644, content };
}
