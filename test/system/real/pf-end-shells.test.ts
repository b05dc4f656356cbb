import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { whereIs } from '../../checks/bench.ts';
import { projectFile } from '../../docs/page.ts';
import { describePfEnd } from '../../libexec/pf-end-cases.ts';

/** mksh is of the family of OpenBSD's sh; dash and busybox have the ash that FreeBSD's is. */
describe.each([['mksh'], ['dash'], ['busybox', 'sh']])('by %s', (shell, ...applet) => {
  describePfEnd([whereIs(shell), ...applet]);
});

test('shellcheck has nothing to say', () => {
  const argv = ['-s', 'sh', projectFile('libexec/pf-end')];
  const { error, stdout, stderr } = spawnSync(whereIs('shellcheck'), argv, { encoding: 'utf8' });
  expect(error).toBeUndefined();
  expect(stdout + stderr).toBe('');
});
