import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { VERSION } from '../src/version.ts';
import { projectFolder } from './programs.ts';

/** Makes the artefact and installs it below `folder`, as a package build does. Gives the path of hfmd. */
export function installHfm(folder: string): string {
  const name = `hfm-${VERSION}`;
  const root = join(folder, 'root');
  run(process.execPath, join(projectFolder(), 'dist/release/make.js'), folder);
  run('tar', '-xzf', join(folder, `${name}.tgz`), '-C', folder);
  run('env', ...SETTINGS, `DESTDIR=${root}`, 'sh', join(folder, name, 'install.sh'));
  return join(root, 'usr/local/sbin/hfmd');
}

const SETTINGS = ['HFM_SYSTEM=OpenBSD', 'PREFIX=/usr/local', `NODE=${process.execPath}`];

function run(command: string, ...args: readonly string[]): void {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
}
