import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { whereIs } from '../../checks/bench.ts';
import { projectFile } from '../../docs/page.ts';
import { describePfEnd } from '../../libexec/pf-end-cases.ts';

/** mksh descends from the same ksh as OpenBSD's sh. dash and busybox have ash, as FreeBSD's sh. */
describe.each([['mksh'], ['dash'], ['busybox', 'sh']])('with %s', (shell, ...applet) => {
  describePfEnd([whereIs(shell), ...applet]);
});

test('shellcheck finds nothing', () => {
  const argv = ['-s', 'sh', projectFile('libexec/pf-end')];
  const { error, stdout, stderr } = spawnSync(whereIs('shellcheck'), argv, { encoding: 'utf8' });
  expect(error).toBeUndefined();
  expect(stdout + stderr).toBe('');
});
