import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { defaultPaths } from '../../src/sys/paths.ts';
import { openRig } from '../system/harness.ts';
import { wrongHfmctlLines } from './hfmctl-lines.ts';
import { blocksOf, readProjectFile } from './page.ts';
import { withConfig } from './with-config.ts';

/** The block that is a whole file, by its first line. */
function wholeFile(document: string, language: string, path: string): string {
  const block = blocksOf(document, language).find((one) => one.startsWith(`# ${path}\n`));
  if (block === undefined) throw new Error(`${document} has no ${path}`);
  return block;
}

describe.each(['openbsd', 'freebsd'] as const)('docs/%s.md', (os) => {
  const document = `docs/${os}.md`;
  const pfConf = wholeFile(document, 'pf', '/etc/pf.conf');
  const hfmToml = wholeFile(document, 'toml', defaultPaths(os).config);

  test('has a whole hfm.toml at the path of that system', () => {
    const loaded = withConfig(hfmToml, loadConfig);
    expect(loaded.ok ? [] : loaded.errors).toEqual([]);
  });

  test('has a pf.conf whose rules use the tables of the hfm.toml, which a reload leaves alone', async (context) => {
    const rig = openRig(context, { os });
    await rig.pf.load(pfConf);
    writeFileSync(
      rig.configFile,
      hfmToml.replace(/^pfctl *= .*$/m, `pfctl = ["${rig.pf.command}"]`),
    );
    const { code, stderr } = await rig.spawnHfmd('-n').ended;
    // The group is made by install.sh, and not on this machine.
    expect(stderr.replace(/^warning: daemon\.socket_group: .*\n/, '')).toBe('');
    expect(code).toBe(0);
    rig.pf.setTable('web', ['10.2.1.11']);
    await rig.pf.load(pfConf);
    expect(rig.pf.table('web')).toEqual(['10.2.1.11']);
  });

  test('has rules for the workers that use their table', async (context) => {
    const rig = openRig(context, { os });
    const [, fragment = ''] = blocksOf(document, 'pf');
    await rig.pf.load(fragment);
    expect(rig.pf.tables()).toMatchObject([
      { name: 'workers', flags: expect.stringContaining('r') },
    ]);
  });

  test('names what its rc.d script has', () => {
    const script = readProjectFile(`rc.d/${os}/hfmd`);
    const named = readProjectFile(document).match(/hfmd_[a-z]+|daemon_[a-z]+|_hfm\b/g) ?? [];
    expect(named).toContain('_hfm');
    expect([...new Set(named)].filter((word) => !script.includes(word))).toEqual([]);
  });

  test('uses commands and options that hfmctl has', () => {
    const text = readProjectFile(document);
    const lines = [...text.matchAll(/(?:`|# |fw[12] )hfmctl ([^;`&|>\n]+)/g)];
    expect(lines.length).toBeGreaterThan(10);
    expect(wrongHfmctlLines(lines.map(([, line = '']) => line.trim()))).toEqual([]);
  });
});
