import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../fakes/cli.ts';

const DOAS = `pfctl = ["/usr/bin/doas", "-n", "/sbin/pfctl"]
helper = ["/usr/bin/doas", "-n", "/usr/local/libexec/hfm/pf-end"]
`;
const POOL = 'table = "web"\nkill_sources = "never"\n';

let home = '';
let file = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hfm-privileges-'));
  file = join(home, 'hfm.toml');
});
afterEach(() => rmSync(home, { recursive: true }));

function write(pf: string, pool = POOL): void {
  writeFileSync(
    file,
    `[pf]\n${pf}\n[pool.web]\n${pool}
[backend.lb1]
address = "10.2.1.11"
checks = [{ type = "tcp", port = 80 }]
pools = { web = "10.2.1.11" }
`,
  );
}

function run(...argv: string[]) {
  return runCommand('privileges', ...argv, '-f', file);
}

describe('hfmctl privileges', () => {
  test('doas prints a rule a line, and the file that they are for', async () => {
    write(DOAS);
    expect(await run('doas')).toEqual({
      code: 0,
      stderr: '',
      stdout: `# _hfm, for ${file}; made by "hfmctl privileges doas"
permit nopass nolog _hfm as root cmd /sbin/pfctl args -t web -T show
permit nopass _hfm as root cmd /sbin/pfctl args -t web -T add -f -
permit nopass _hfm as root cmd /sbin/pfctl args -t web -T delete -f -
permit nopass nolog _hfm as root cmd /sbin/pfctl args -v -s Tables
permit nopass nolog _hfm as root cmd /sbin/pfctl args -ss
permit nopass nolog _hfm as root cmd /sbin/pfctl args -ss -vv
permit nopass _hfm as root cmd /usr/local/libexec/hfm/pf-end args
`,
    });
  });

  test('sudo prints a file of sudoers.d, for another user too', async () => {
    write(DOAS.replaceAll('doas', 'sudo'));
    const { code, stdout, stderr } = await run('sudo', '--user', 'hfm');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('    /sbin/pfctl -tweb -Tadd -f-, \\\n');
    expect(stdout).toMatch(/\nhfm ALL = \(root\) NOPASSWD: HFM_READS, HFM_CHANGES\n$/);
  });

  test('--json has each command with its rule', async () => {
    write(DOAS);
    const { code, stdout } = await run('doas', '--json');
    const json = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(json).toMatchObject({ by: 'doas', user: '_hfm', notes: [] });
    expect(json.rules[1]).toEqual({
      argv: ['/sbin/pfctl', '-t', 'web', '-T', 'add', '-f', '-'],
      as: 'root',
      reads: false,
      rule: 'permit nopass _hfm as root cmd /sbin/pfctl args -t web -T add -f -',
    });
    expect(json.text).toContain(`${json.rules[6].rule}\n`);
  });

  test('says what to set in the configuration, where it runs pfctl as root', async () => {
    write('');
    const { code, stdout, stderr } = await run('doas');
    expect(code).toBe(0);
    expect(stdout).toContain('cmd /usr/local/libexec/hfm/pf-end args\n');
    expect(stderr).toMatch(
      /^hfmctl: \[pf\] does not run doas yet; for these rules set pfctl = \["\S+\/doas", "-n", "\/sbin\/pfctl"\] and helper = \["\S+\/doas", "-n", "\/usr\/local\/libexec\/hfm\/pf-end"\]\n$/,
    );
  });

  test('gives rules of sudo for a configuration with doas', async () => {
    write(DOAS);
    const { stdout, stderr } = await run('sudo');
    expect(stdout).toContain('    /sbin/pfctl -tweb -Tshow, \\\n');
    expect(stderr).toMatch(/does not run sudo yet; .*"\S+\/sudo", "-n", "\/sbin\/pfctl"/);
  });

  test('says that the helper is not set, where the pools need it', async () => {
    write(DOAS.split('\n', 1)[0] ?? '', 'table = "web"\n');
    const { code, stdout, stderr } = await run('doas');
    expect(code).toBe(0);
    expect(stdout).toContain('args -s Sources\n');
    expect(stdout).not.toContain('pf-end');
    expect(stderr).toMatch(/^hfmctl: pf\.helper is not set, .* for kill_sources of web/);
  });

  test.each([
    ['doas', 'pfctl = ["/usr/bin/doas", "pfctl"]', /^pf\.pfctl: found no absolute path after doas/],
    ['sudo', 'pfctl = ["/usr/bin/doas", "pfctl"]', /^pf\.pfctl: found no absolute path after doas/],
    [
      'sudo',
      'pfctl = ["/usr/bin/sudo", "/opt/my pf/pfctl"]',
      /^no rule of sudo can express " " in /,
    ],
    [
      'sudo',
      'pfctl = ["/usr/bin/sudo", "/sbin/*"]',
      /^no rule of sudo can express "\*" in "\/sbin\/\*"/,
    ],
    ['doas', 'pfctl = ["/usr/bin/doas", "/a\\"b"]', /^no rule of doas can express "\\"" in /],
    ['sudo', 'pfctl = ["/usr/bin/sudo", "-u", "ALL", "/sbin/pfctl"]', /can express the user "ALL"/],
    [
      'doas',
      `${DOAS.replace('"-n", "/sbin', '"-u", "pf", "/sbin')}`,
      /^pf\.pfctl and pf\.helper run as pf and as root\n$/,
    ],
  ])('%s with %s prints the reason, and no rule', async (by, pf, why) => {
    write(pf);
    expect(await run(by)).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(why) });
    const { stdout } = await run(by, '--json');
    expect(JSON.parse(stdout).error).toMatch(new RegExp(why.source.replace(/\\n\$$/, '$')));
  });

  test('shows the errors of a bad configuration', async () => {
    write('resync = 5');
    const { code, stdout, stderr } = await run('doas');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/hfm\.toml:2: pf\.resync: found 5/);
  });

  test.each([
    [[], 'expected "doas" or "sudo"'],
    [['su'], 'found "su", expected "doas" or "sudo"'],
    [['doas', 'sudo'], 'expected "doas" or "sudo" only'],
    [['doas', '--user', 'ALL'], '--user: found "ALL", expected the name of a user'],
    [['sudo', '--user', 'x ALL=(ALL) ALL'], 'expected the name of a user'],
  ])('%j is a usage error', async (argv, words) => {
    write(DOAS);
    const { code, stdout, stderr } = await run(...argv);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(words);
  });
});
