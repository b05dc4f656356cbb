import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The argv of each program other than hfmd. */
export interface Programs {
  readonly server: readonly string[];
  readonly pfctl: readonly string[];
  /** Null without a C compiler. */
  readonly floor: readonly string[] | null;
  /** Null if this machine has none. */
  readonly haproxy: string | null;
  readonly taskset: string | null;
}

/** Compiles the C programs into `folder`. Without a compiler it takes the slower programs instead. */
export function preparePrograms(folder: string): Programs {
  // HFM_BENCH_CC="" measures without the C programs, to check them.
  const compiler = process.env.HFM_BENCH_CC ?? ['cc', 'gcc', 'clang'].find(isThere) ?? '';
  const compiled = (name: string): readonly string[] | null => {
    if (compiler === '') return null;
    const program = join(folder, name);
    const args = ['-O2', '-Wall', '-o', program, benchFile(`${name}.c`)];
    const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${compiler} ${args.join(' ')}: ${stderr}`);
    return [program];
  };
  return {
    server: compiled('server') ?? [process.execPath, builtFile('server.js')],
    pfctl: compiled('pfctl') ?? [copyScript('pfctl.sh', folder)],
    floor: compiled('floor'),
    haproxy: isThere('haproxy') ? 'haproxy' : null,
    taskset: isThere('taskset') ? 'taskset' : null,
  };
}

/** The root of the project, found from the sources or from dist. */
export function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error('not in a checkout of the project');
    folder = dirname(folder);
  }
  return folder;
}

function benchFile(name: string): string {
  return join(projectFolder(), 'bench', name);
}

/** A built program of the bench. */
export function builtFile(name: string): string {
  return join(projectFolder(), 'dist', 'bench', name);
}

function copyScript(name: string, folder: string): string {
  const script = join(folder, 'pfctl');
  copyFileSync(benchFile(name), script);
  chmodSync(script, 0o755);
  return script;
}

function isThere(program: string): boolean {
  const found = spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', program], {
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` },
  });
  return found.status === 0;
}
