import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../actions/shelves.ts';
import { whereIs } from '../../checks/bench.ts';
import { describeShelves } from '../../checks/cases.ts';
import { scriptsIn } from '../../checks/contract.ts';
import { CHECKS } from '../../checks/shelves.ts';
import { projectFile } from '../../docs/page.ts';

/** mksh is of the family of OpenBSD's sh; dash and busybox have the ash that FreeBSD's is. */
const SHELLS = [
  { shell: 'dash', command: ['dash'] },
  { shell: 'mksh', command: ['mksh'] },
  { shell: 'busybox sh', command: ['busybox', 'sh'] },
] as const;

describe.each(SHELLS)('by $shell', ({ command: [program, ...applet] }) => {
  describeShelves([...CHECKS, ...ACTIONS], [whereIs(program), ...applet]);
});

const scripts = (['checks', 'actions'] as const).flatMap((folder) =>
  scriptsIn(folder).map((name) => `${folder}/${name}`),
);
test.each(scripts)('shellcheck has nothing to say of %s', (script) => {
  const { error, stdout, stderr } = spawnSync('shellcheck', ['-s', 'sh', projectFile(script)], {
    encoding: 'utf8',
  });
  expect(error).toBeUndefined();
  expect(stdout + stderr).toBe('');
});
