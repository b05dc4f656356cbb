import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { whereIs } from '../../checks/bench.ts';
import { projectFile } from '../../docs/page.ts';
import {
  artefactOfFile,
  runInstall,
  runToEnd,
  SYSTEMS,
  type System,
  scratch,
  unpack,
} from '../../release/artefact.ts';
import type { Ended } from '../harness.ts';

const archive = artefactOfFile();

/** mksh descends from the same ksh as OpenBSD's sh. dash and busybox have ash, as FreeBSD's sh. */
const SHELLS = [[whereIs('mksh')], [whereIs('dash')], [whereIs('busybox'), 'sh']] as const;

/** Without the bytes of the code caches, which node never compiles alike. */
const LIST = `cd "$0" && find . -type f | sort
find . -type f ! -name '*.cache' | sort | xargs cksum`;

test.each(SYSTEMS)('install.sh for %s does the same with every shell', (system) => {
  const folder = scratch();
  const unpacked = unpack(archive(), folder);
  const listings = SHELLS.map((shell, i) => {
    const root = join(folder, String(i));
    const env = { DESTDIR: root, HFM_SYSTEM: system };
    expect(runInstall(unpacked, env, [], shell)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    return runToEnd(['sh', '-c', LIST, root]).stdout;
  });
  expect(listings[0]).toContain('usr/local/sbin/hfmd');
  expect(listings[0]).toContain('usr/local/libexec/hfm/hfmd.js.cache');
  expect(new Set(listings).size).toBe(1);
});

test.each([
  ['release/install.sh', 'sh', []],
  // rc.subr reads the variables that the scripts set, sets those that they read, and splits some at
  // spaces.
  ['rc.d/freebsd/hfmd', 'sh', ['-e', 'SC1091,SC2034,SC2086']],
  ['rc.d/openbsd/hfmd', 'ksh', ['-e', 'SC1091,SC2034,SC2086,SC2154']],
])('shellcheck finds nothing in %s', (path, shell, options) => {
  const program = [whereIs('shellcheck'), '-s', shell, ...options, projectFile(path)];
  expect(runToEnd(program)).toMatchObject({ stdout: '', stderr: '' });
});

const APPLETS = 'cat chgrp chmod chown dirname grep id mkdir mv rm rmdir sed sh tail tr true'.split(
  ' ',
);

/** Adds the same lines to passwd and group as the system's own programs. */
const ADD_GROUP = 'echo "_hfm:x:777:" >>/etc/group';
const ADD_USER = 'echo "_hfm:x:777:777::/var/empty:/sbin/nologin" >>/etc/passwd';
const STAND_INS: Readonly<Record<string, string>> = {
  getent: 'grep -q "^$2:" "/etc/$1"',
  groupadd: ADD_GROUP,
  useradd: ADD_USER,
  pw: `case $1 in groupadd) ${ADD_GROUP} ;; useradd) ${ADD_USER} ;; esac`,
};

/** A folder for chroot(8) with busybox as its base system, and install.sh to run in it. */
function openRoot(system: System): { path(name: string): string; install(): Ended } {
  const root = scratch();
  const path = (name: string): string => join(root, name);
  for (const folder of ['bin', 'dev', 'etc', 'var/db', 'usr/local/bin']) {
    mkdirSync(path(folder), { recursive: true });
  }
  const busybox = whereIs('busybox');
  const libraries = runToEnd(['ldd', busybox]).stdout.matchAll(/(\/\S+)/g);
  for (const [, file = ''] of libraries) {
    mkdirSync(path(dirname(file)), { recursive: true });
    copyFileSync(file, path(file));
  }
  copyFileSync(busybox, path('bin/busybox'));
  for (const name of APPLETS) symlinkSync('busybox', path(`bin/${name}`));
  const script = (name: string, body: string): void =>
    writeFileSync(path(name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  for (const [name, body] of Object.entries(STAND_INS)) {
    script(`bin/${name}`, name === 'getent' ? body : `echo ${name} "$@" >>/calls; ${body}`);
  }
  writeFileSync(path('dev/null'), '');
  script('bin/uname', `echo ${system}`);
  script('usr/local/bin/node', 'echo 22.11.0');
  writeFileSync(path('etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(path('etc/group'), 'wheel:x:0:\n');
  cpSync(unpack(archive(), path('unpacked')), path('hfm'), { recursive: true });
  chmodSync(root, 0o755);
  const env = { PATH: '/bin:/usr/local/bin' };
  const chroot = whereIs('chroot');
  return { path, install: () => runToEnd([chroot, root, '/bin/sh', '/hfm/install.sh'], env) };
}

describe.each([
  {
    system: 'OpenBSD',
    config: 'etc/hfm.toml',
    calls: [
      'groupadd _hfm',
      'useradd -g _hfm -d /var/empty -s /sbin/nologin -L daemon -c hfm daemon _hfm',
    ],
    steps: ['hfmctl privileges doas', 'rcctl enable hfmd', 'rcctl start hfmd'],
    again: 'rcctl restart hfmd',
  },
  {
    system: 'FreeBSD',
    config: 'usr/local/etc/hfm.toml',
    calls: [
      'pw groupadd _hfm',
      'pw useradd _hfm -g _hfm -d /var/empty -s /usr/sbin/nologin -c hfm daemon',
    ],
    steps: ['hfmctl privileges doas', 'sysrc hfmd_enable=YES', 'service hfmd start'],
    again: 'service hfmd restart',
  },
] as const)('install.sh as root on $system', ({ system, config, calls, steps, again }) => {
  test('makes the user and its folders once, and prints what is left to do', () => {
    const { path, install } = openRoot(system);
    const first = install();
    expect(first).toMatchObject({ code: 0, stderr: '' });
    for (const step of steps) expect(first.stdout).toContain(step);
    expect(readFileSync(path('calls'), 'utf8').trim().split('\n')).toEqual(calls);
    expect(statSync(path(config))).toMatchObject({ uid: 0, gid: 777, mode: 0o100640 });
    expect(statSync(path('var/db/hfm'))).toMatchObject({ uid: 777, gid: 777, mode: 0o40750 });
    expect(statSync(path('usr/local/sbin/hfmd'))).toMatchObject({ uid: 0, mode: 0o100755 });

    writeFileSync(path(config), '# mine\n');
    const second = install();
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toContain(again);
    expect(readFileSync(path('calls'), 'utf8').trim().split('\n')).toEqual(calls);
    expect(readFileSync(path(config), 'utf8')).toBe('# mine\n');
  });
});
