import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../actions/shelves.ts';
import { whereIs } from '../../checks/bench.ts';
import { describeShelves } from '../../checks/cases.ts';
import { scriptsIn } from '../../checks/contract.ts';
import { CHECKS } from '../../checks/shelves.ts';
import { projectFile } from '../../docs/page.ts';

/**
 * mksh descends from the same ksh as OpenBSD's sh, and has no printf of its own. dash and busybox have
 * ash, as FreeBSD's sh. original-awk is the awk of both systems.
 */
const BASES = [
  { shell: 'mksh', applet: [], awk: 'original-awk' },
  { shell: 'dash', applet: [], awk: 'original-awk' },
  { shell: 'busybox', applet: ['sh'], awk: 'busybox' },
] as const;

describe.each(BASES)('with $shell and $awk', ({ shell, applet, awk }) => {
  describeShelves([...CHECKS, ...ACTIONS], { shell: [whereIs(shell), ...applet], awk });
});

const scripts = (['checks', 'actions'] as const).flatMap((folder) =>
  scriptsIn(folder).map((name) => `${folder}/${name}`),
);
test.each(scripts)('shellcheck finds nothing in %s', (script) => {
  const { error, stdout, stderr } = spawnSync(
    whereIs('shellcheck'),
    ['-s', 'sh', projectFile(script)],
    {
      encoding: 'utf8',
    },
  );
  expect(error).toBeUndefined();
  expect(stdout + stderr).toBe('');
});
