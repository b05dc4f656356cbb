import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { projectFile } from '../docs/page.ts';
import { artefactOfFile, runInstall, runToEnd, SYSTEMS, scratch, unpack } from './artefact.ts';
import { nodeLine } from './service.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const archive = artefactOfFile();

const CONFIG = { OpenBSD: 'etc/hfm.toml', FreeBSD: 'usr/local/etc/hfm.toml' } as const;
const RC = { OpenBSD: 'etc/rc.d/hfmd', FreeBSD: 'usr/local/etc/rc.d/hfmd' } as const;
const MAN = { OpenBSD: 'usr/local/man', FreeBSD: 'usr/local/share/man' } as const;

/** A script that prints a version as `node -p process.versions.node` does. */
function fakeNode(folder: string, version: string): string {
  const path = join(folder, `node-${version}`);
  writeFileSync(path, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  return path;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

describe.each(SYSTEMS)('install.sh for %s', (system) => {
  function setUp() {
    const folder = scratch();
    const unpacked = unpack(archive(), folder);
    const root = join(folder, 'root');
    const env = { DESTDIR: root, HFM_SYSTEM: system };
    return { folder, unpacked, root, env, at: (path: string) => join(root, path) };
  }

  test('puts everything where the system expects it, and prints nothing', () => {
    const { unpacked, root, env, at } = setUp();
    expect(runInstall(unpacked, env)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    for (const [folder, target] of [
      ['checks', 'usr/local/libexec/hfm/checks'],
      ['actions', 'usr/local/libexec/hfm/actions'],
      ['libexec', 'usr/local/libexec/hfm'],
    ] as const) {
      const scripts = readdirSync(projectFile(folder)).filter((name) => !name.includes('.'));
      for (const name of scripts) expect(modeOf(at(`${target}/${name}`))).toBe('555');
    }
    expect(filesBelow(root)).toEqual(
      expect.arrayContaining([
        RC[system],
        CONFIG[system],
        `${MAN[system]}/man5/hfm.toml.5`,
        `${MAN[system]}/man8/hfmctl.8`,
        `${MAN[system]}/man8/hfmd.8`,
        'usr/local/sbin/hfmctl',
        'usr/local/sbin/hfmd',
        'usr/local/share/doc/hfm/LICENSES',
        'usr/local/share/examples/hfm/hfm.toml',
      ]),
    );
    expect(modeOf(at(RC[system]))).toBe('555');
    expect(modeOf(at('usr/local/sbin/hfmd'))).toBe('755');
    expect(modeOf(at(CONFIG[system]))).toBe('640');
    expect(modeOf(at('var/db/hfm'))).toBe('750');
  });

  test('writes the path of this node into the programs and the service script', () => {
    const { unpacked, env, at } = setUp();
    runInstall(unpacked, env);
    const lines = ['hfmd', 'hfmctl'].map((name) => nodeLine(at(`usr/local/sbin/${name}`)));
    expect(lines).toEqual([
      expect.stringMatching(`^${process.execPath} --max-semi-space-size=\\d+ --v8-pool-size=\\d+$`),
      process.execPath,
    ]);
    for (const program of ['hfmd', 'hfmctl']) {
      expect(runToEnd([at(`usr/local/sbin/${program}`), '-h']).code).toBe(0);
    }
    expect(readFileSync(at(RC[system]), 'utf8')).toMatch(new RegExp(`="${process.execPath}[ "]`));
  });

  test('saves the code that node compiles at a start of hfmd, and later starts use it', () => {
    const { unpacked, root, env, at } = setUp();
    runInstall(unpacked, env);
    const [node = '', ...flags] = nodeLine(at('usr/local/sbin/hfmd')).split(' ');
    const script = `import { openProgram } from ${JSON.stringify(projectFile('dist/src/sys/code-cache.js'))};
      console.log(openProgram(${JSON.stringify(at('usr/local/libexec/hfm/hfmd.js'))}).isCached);`;
    const ran = runToEnd([node, ...flags, '--input-type=module', '-e', script]);
    expect(ran).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' });
    expect(runInstall(unpacked, env, ['--uninstall']).code).toBe(0);
    expect(filesBelow(root).filter((path) => path.includes('libexec'))).toEqual([]);
  });

  test('works without node on the build machine, as for a package', () => {
    const { unpacked, env, at } = setUp();
    const { code, stderr } = runInstall(unpacked, { ...env, NODE: '/opt/node' });
    expect([code, stderr]).toEqual([0, '']);
    expect(existsSync(at('usr/local/libexec/hfm/hfmd.js.cache'))).toBe(false);
    const started = runToEnd([process.execPath, at('usr/local/sbin/hfmd'), '-V']);
    expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hfmd /) });
  });

  test('makes a valid configuration from the example with doas, and keeps an edited one', () => {
    const { unpacked, env, at } = setUp();
    runInstall(unpacked, env);
    const doas = { OpenBSD: '/usr/bin/doas', FreeBSD: '/usr/local/bin/(doas|sudo)' }[system];
    const config = readFileSync(at(CONFIG[system]), 'utf8');
    expect(config).toMatch(new RegExp(`^pfctl +=.*"${doas}", "-n", "/sbin/pfctl"\\]$`, 'm'));
    expect(config).toMatch(
      new RegExp(`^helper += \\["${doas}", "-n", "/usr/local/libexec/hfm/pf-end"\\]$`, 'm'),
    );
    // hfmd -n can't read pf, since there is no doas. It still finds the configuration valid.
    const tested = runToEnd([at('usr/local/sbin/hfmd'), '-n', '-f', at(CONFIG[system])]);
    expect(tested).toMatchObject({ code: 0, stdout: 'configuration OK\n' });
    writeFileSync(at(CONFIG[system]), '# mine\n');
    expect(runInstall(unpacked, env).code).toBe(0);
    expect(readFileSync(at(CONFIG[system]), 'utf8')).toBe('# mine\n');
  });

  test('replaces the default PREFIX everywhere', () => {
    const { unpacked, env, at } = setUp();
    expect(runInstall(unpacked, { ...env, PREFIX: '/opt/hfm' }).code).toBe(0);
    const rc = system === 'OpenBSD' ? 'etc/rc.d/hfmd' : 'opt/hfm/etc/rc.d/hfmd';
    const example = 'opt/hfm/share/examples/hfm/hfm.toml';
    for (const path of [rc, example, 'opt/hfm/libexec/hfm/actions/log-file']) {
      expect(readFileSync(at(path), 'utf8')).toContain('/opt/hfm/');
      expect(readFileSync(at(path), 'utf8')).not.toMatch(/\/usr\/local\/(sbin|etc|libexec\/hfm)/);
    }
  });

  test('removes files that only the older version had', () => {
    const { unpacked, env, at } = setUp();
    runInstall(unpacked, env);
    expect(existsSync(at('usr/local/libexec/hfm/checks/ping'))).toBe(true);
    rmSync(join(unpacked, 'checks/ping'));
    expect(runInstall(unpacked, env).code).toBe(0);
    expect(existsSync(at('usr/local/libexec/hfm/checks/ping'))).toBe(false);
    expect(existsSync(at('usr/local/libexec/hfm/checks/redis'))).toBe(true);
  });

  test.each(['/usr/local/', '/usr//local', '/usr/./local', '/usr/lib/../local', '/usr/linked'])(
    'over an installation removes nothing where PREFIX is the same folder as %s',
    (again) => {
      const { unpacked, root, env, at } = setUp();
      mkdirSync(at('usr'), { recursive: true });
      symlinkSync('local', at('usr/linked'));
      mkdirSync(at('usr/lib'));
      runInstall(unpacked, { ...env, PREFIX: '/usr/local' });
      const before = filesBelow(root);
      const ended = runInstall(unpacked, { ...env, PREFIX: again });
      expect(filesBelow(root)).toEqual(before);
      if (again.includes('..')) {
        expect(ended).toMatchObject({ code: 1 });
        expect(ended.stderr).toContain('expected a path without ".."');
      } else expect(ended).toMatchObject({ code: 0 });
    },
  );

  test('--uninstall leaves the configuration and files that are not hfm’s', () => {
    const { unpacked, root, env, at } = setUp();
    runInstall(unpacked, env);
    writeFileSync(at('usr/local/libexec/hfm/checks/own'), '');
    const { code, stdout } = runInstall(unpacked, env, ['--uninstall']);
    expect(code).toBe(0);
    expect(stdout).toContain(`/${CONFIG[system]}`);
    expect(filesBelow(root)).toEqual([CONFIG[system], 'usr/local/libexec/hfm/checks/own'].sort());
    expect(existsSync(at('var/db/hfm'))).toBe(true);
    expect(runInstall(unpacked, env, ['--uninstall'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no hfm below'),
    });
  });
});

describe('install.sh', () => {
  test.each([
    ['20.19.6', 1],
    ['18.20.8', 1],
    ['20.20.0', 0],
    ['22.0.0', 0],
  ])('with node %s exits %i', (version, code) => {
    const folder = scratch();
    const unpacked = unpack(archive(), folder);
    const env = { DESTDIR: join(folder, 'root'), HFM_SYSTEM: 'OpenBSD' };
    const ended = runInstall(unpacked, { ...env, NODE: fakeNode(folder, version) });
    expect(ended.code).toBe(code);
    if (code === 0) return;
    expect(ended.stderr).toContain(`is ${version}, expected 20.20 or newer`);
    expect(existsSync(env.DESTDIR)).toBe(false);
  });

  test.each([
    [{ NODE: 'node' }, 'NODE: found "node", expected an absolute path'],
    [{ NODE: '/a b/node' }, 'NODE: found "/a b/node", expected letters'],
    [{ PREFIX: 'usr' }, 'PREFIX: found "usr", expected an absolute path'],
    [{ HFM_SYSTEM: 'Plan9' }, 'this is Plan9, expected OpenBSD or FreeBSD'],
    [{ NODE: '/bin/false' }, 'NODE: /bin/false does not run'],
  ])('refuses %o', (env, message) => {
    const folder = scratch();
    const DESTDIR = join(folder, 'root');
    const script = projectFile('release');
    const { code, stderr } = runInstall(script, { DESTDIR, HFM_SYSTEM: 'FreeBSD', ...env });
    expect(code).toBe(1);
    expect(stderr).toContain(`install.sh: ${message}`);
    expect(existsSync(DESTDIR)).toBe(false);
  });

  test('--help names every variable, and an unknown option exits 64', () => {
    const script = projectFile('release');
    const { code, stdout } = runInstall(script, {}, ['--help']);
    expect(code).toBe(0);
    for (const name of ['PREFIX', 'NODE', 'DESTDIR', 'HFM_SYSTEM', '--uninstall']) {
      expect(stdout).toContain(name);
    }
    expect(runInstall(script, {}, ['--upgrade']).code).toBe(64);
  });
});
