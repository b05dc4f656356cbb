import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { projectFile, readProjectFile } from '../docs/page.ts';
import { artefactOfFile, makeArtefact, runToEnd, scratch, unpack } from './artefact.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const archive = artefactOfFile();

test('the same source makes the same bytes', () => {
  const again = makeArtefact(scratch());
  expect(readFileSync(again).equals(readFileSync(archive()))).toBe(true);
});

test('the artefact is smaller than 1 MB and has all files', () => {
  expect(statSync(archive()).size).toBeLessThan(1024 * 1024);
  const { stdout } = runToEnd(['tar', '-tzf', archive()]);
  const paths = stdout.trim().split('\n');
  const folders = ['man', 'docs', 'checks', 'actions', 'libexec'].flatMap((folder) =>
    readdirSync(projectFile(folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => `${folder}/${name}`),
  );
  expect(paths).toEqual(
    expect.arrayContaining(
      [
        ...folders,
        ...['sbin/hfmd', 'sbin/hfmctl', 'rc.d/openbsd/hfmd', 'rc.d/freebsd/hfmd', 'install.sh'],
        ...['launcher', 'hfm.toml.example', 'README.md', 'LICENSE', 'LICENSES'],
      ].map((path) => `hfm-${VERSION}/${path}`),
    ),
  );
});

test('the artefact has the licence texts of all bundled packages', () => {
  const licences = readFileSync(join(unpack(archive(), scratch()), 'LICENSES'), 'utf8');
  const { dependencies } = JSON.parse(readProjectFile('package.json'));
  const sections = licences.split(/^== /m).slice(1);
  const names = sections.map((section) => section.split(' ', 1)[0]);
  expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)));
  expect(sections.filter((section) => !/permi(t|ssion)/i.test(section))).toEqual([]);
});

test.each(['hfmd', 'hfmctl'])('%s runs on its own, also inside an ES module package', (name) => {
  const unpacked = unpack(archive(), scratch());
  const program = join(unpacked, 'sbin', name);
  const help = runToEnd([process.execPath, program, '-h']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain(`usage: ${name}`);
  mkdirSync(join(unpacked, 'module/sbin'), { recursive: true });
  writeFileSync(join(unpacked, 'module/package.json'), '{ "type": "module" }');
  const moved = join(unpacked, 'module/sbin', name);
  writeFileSync(moved, readFileSync(program));
  expect(runToEnd([process.execPath, moved, '-h'])).toEqual(help);
});
