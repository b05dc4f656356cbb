import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { whereIs } from '../../checks/bench.ts';

export type By = 'doas' | 'sudo';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of /etc with the user _hfm and rules for it. Only programs run with `through` see it. */
export interface Bench {
  readonly folder: string;
  /** The command that runs a program as _hfm, with that /etc. */
  readonly through: readonly string[];
  /** The command that runs it as another user, which no rule names. */
  readonly throughOther: readonly string[];
  rulesFile(by: By): string;
  setRules(by: By, text: string): void;
  addRule(by: By, line: string): void;
  run(...argv: readonly string[]): Ran;
  runThrough(through: readonly string[], ...argv: readonly string[]): Ran;
  /** Lets _hfm write in a folder. */
  give(folder: string): void;
}

const HFM_ID = 64_210;
const OTHER_ID = 65_534;

/** Leaves the machine's /etc as it is: the copy is mounted in a namespace of the test only. */
export function openElevationBench({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-rights-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const etc = join(folder, 'etc');
  const copied = spawnSync('cp', ['-a', '/etc', etc], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(`cp -a /etc: ${copied.stderr}`);
  appendFileSync(join(etc, 'passwd'), `_hfm:x:${HFM_ID}:${HFM_ID}::/nonexistent:/bin/false\n`);
  appendFileSync(join(etc, 'group'), `_hfm:x:${HFM_ID}:\n`);
  appendFileSync(join(etc, 'shadow'), '_hfm:*:19000:0:99999:7:::\n');
  const enter = join(folder, 'enter');
  writeFileSync(enter, `mount --bind '${etc}' /etc && exec "$@"\n`);
  const as = (id: number): string[] => [
    ...[whereIs('unshare'), '--mount', '/bin/sh', enter],
    ...[whereIs('setpriv'), `--reuid=${id}`, `--regid=${id}`, '--clear-groups'],
  ];

  const files: Readonly<Record<By, string>> = {
    doas: join(etc, 'doas.conf'),
    sudo: join(etc, 'sudoers.d', 'hfm'),
  };
  const bench: Bench = {
    folder,
    through: as(HFM_ID),
    throughOther: as(OTHER_ID),
    rulesFile: (by) => files[by],
    setRules(by, text) {
      rmSync(files[by], { force: true });
      writeFileSync(files[by], text, { mode: by === 'sudo' ? 0o440 : 0o644 });
    },
    addRule(by, line) {
      const before = existsSync(files[by]) ? readFileSync(files[by], 'utf8') : '';
      bench.setRules(by, `${before}${line}\n`);
    },
    run: (...argv) => bench.runThrough(bench.through, ...argv),
    runThrough(through, ...argv) {
      const [program = '', ...args] = [...through, ...argv];
      const { status, stdout, stderr, error } = spawnSync(program, args, {
        encoding: 'utf8',
        input: '',
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      });
      if (error !== undefined) throw error;
      return { code: status, stdout, stderr };
    },
    give: (path) => chownSync(path, HFM_ID, HFM_ID),
  };
  return bench;
}

/** Writes a program that prints its user id and its arguments. */
export function writeRecorder(path: string): void {
  const body = `printf '%s' "$(id -u)"; for argument; do printf ' [%s]' "$argument"; done; echo\n`;
  writeFileSync(path, `#!/bin/sh\n${body}`, { mode: 0o755 });
}

/** What the recorder prints when root runs it with these arguments. */
export function recorded(argv: readonly string[]): string {
  return `${['0', ...argv.map((argument) => `[${argument}]`)].join(' ')}\n`;
}
