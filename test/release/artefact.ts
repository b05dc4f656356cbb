import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { projectFile } from '../docs/page.ts';
import type { Ended } from '../system/harness.ts';

export const SYSTEMS = ['OpenBSD', 'FreeBSD'] as const;
export type System = (typeof SYSTEMS)[number];

const TIMEOUT_MS = 60_000;

const NAME = `hfm-${VERSION}`;

/** Makes a folder that is removed after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-release-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes the artefact as `npm run dist` does after the build; returns the path of the archive. */
export function makeArtefact(folder: string, env: Readonly<Record<string, string>> = {}): string {
  mkdirSync(folder, { recursive: true });
  requireSuccess(runToEnd([process.execPath, projectFile('dist/release/make.js'), folder], env));
  return join(folder, `${NAME}.tgz`);
}

/** Makes the artefact once for all tests of a file; the returned function gives its path. */
export function artefactOfFile(): () => string {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-release-'));
  let archive = '';
  beforeAll(() => {
    archive = makeArtefact(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => archive;
}

/** Unpacks the artefact below `folder`; returns the folder of its files. */
export function unpack(archive: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  requireSuccess(runToEnd(['tar', '-xzf', archive, '-C', folder]));
  return join(folder, NAME);
}

/** Runs install.sh by `shell`. */
export function runInstall(
  unpacked: string,
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
  shell: readonly string[] = ['sh'],
): Ended {
  return runToEnd([...shell, join(unpacked, 'install.sh'), ...options], {
    NODE: process.execPath,
    ...env,
  });
}

export interface Installed {
  /** The PREFIX, where the programs run from. */
  readonly prefix: string;
  /** The DESTDIR, where the files of the system are, such as /etc. */
  readonly root: string;
}

/** Installs with a DESTDIR and moves the PREFIX into `folder`, so that the programs run from there. */
export function installTo(archive: string, folder: string, system: System): Installed {
  const prefix = join(folder, 'usr/local');
  const root = join(folder, 'root');
  const unpacked = unpack(archive, join(folder, 'unpacked'));
  requireSuccess(runInstall(unpacked, { DESTDIR: root, PREFIX: prefix, HFM_SYSTEM: system }));
  mkdirSync(dirname(prefix), { recursive: true });
  renameSync(join(root, prefix), prefix);
  return { prefix, root };
}

export function runToEnd(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Ended {
  const [command = '', ...args] = argv;
  const { error, status, signal, stdout, stderr } = spawnSync(command, args, {
    env: { PATH: process.env.PATH ?? '', HOME: '/', ...env },
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  return { code: status, signal, stdout, stderr };
}

/** As `runToEnd`, but other tests run meanwhile. */
export function runAside(
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, timeout: TIMEOUT_MS }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
    );
  });
}

function requireSuccess({ code, stdout, stderr }: Ended): void {
  if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
}
