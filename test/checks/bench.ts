import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { systemExec } from '../../src/process/system-exec.ts';
import { projectFile } from '../docs/page.ts';

/** What OpenBSD and FreeBSD have in base, and the scripts use; printf is not in OpenBSD's sh. */
const BASE = 'awk cat date dirname grep hostname printf sed sh sleep timeout tr uname wc'.split(
  ' ',
);
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export interface Said {
  /** Null where it was killed at its deadline. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with a PATH of its own: a script finds only the programs that were put there. */
export interface Bench {
  readonly folder: string;
  /** The whole PATH. */
  readonly bin: string;
  path(name: string): string;
  /** Puts a real program of this machine into PATH; throws where there is none. */
  link(...programs: readonly string[]): void;
  /** Puts a real program into PATH under another name. */
  linkAs(name: string, program: string): void;
  /** Puts an `sh` script into PATH. It can record how it was called: `note "$*"`. */
  fake(program: string, body: string): void;
  /** Runs a script of the project as hfmd would; with `shell`, by that instead of its own. */
  run(script: string, how: Run): Promise<Said>;
}

interface Run {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly shell?: readonly string[];
  /** Kills it, as its deadline does. */
  readonly signal?: AbortSignal;
}

export function openBench({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-shelf-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const bench: Bench = {
    folder,
    bin,
    path: (name) => join(folder, name),
    link(...programs) {
      for (const program of programs) symlinkSync(whereIs(program), join(bin, program));
    },
    linkAs(name, program) {
      rmSync(join(bin, name), { force: true });
      symlinkSync(whereIs(program), join(bin, name));
    },
    fake(program, body) {
      const head = `#!/bin/sh\nnote() { printf '%s\\n' "$*" >>'${folder}/notes'; }\n`;
      rmSync(join(bin, program), { force: true });
      writeFileSync(join(bin, program), `${head}${body}\n`, { mode: 0o755 });
    },
    async run(script, { args, env = {}, shell = [], signal }) {
      const result = await systemExec({
        argv: [...shell, projectFile(script), ...args],
        env: { PATH: bin, LC_ALL: 'C', ...env },
        timeoutMs: 20_000,
        ...(signal === undefined ? {} : { signal }),
        maxOutputBytes: 65_536,
      });
      if (result.kind === 'not-started') throw new Error(`${script}: ${result.message}`);
      const { stdout, stderr } = result;
      return { code: result.kind === 'exited' ? result.code : null, stdout, stderr };
    },
  };
  bench.link(...BASE);
  return bench;
}

export function whereIs(program: string): string {
  const found = FOLDERS.map((one) => join(one, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`there is no ${program} on this machine`);
  return found;
}
