import { chmodSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { aWhile, eventually, memberByMode, openRig, type Rig } from './harness.ts';

const TIMEOUT_MS = 1000;

function member(name: string, program: string, n: number): string {
  return `[backend.${name}]
address = "10.9.0.${n}"
checks = [{ type = "script", command = ["${program}"] }]
pools = { web = "10.2.1.${n}" }
`;
}

async function lastOf(rig: Rig, name: string) {
  const { backends } = await rig.status();
  return backends.find((one) => one.name === name)?.checks[0]?.last;
}

/** Bad scripts, and what status shows for each. */
const BAD: Readonly<Record<string, readonly [body: string, verdict: string, detail: RegExp]>> = {
  'prints-megabytes': [
    'echo "the first line"; exec head -c 5000000 /dev/zero',
    'pass',
    /^the first line \(printed 5 MB\)$/,
  ],
  'never-ends': ['echo started; while :; do sleep 1; done', 'fail', /^killed after 1s: started$/],
  'ignores-term': [
    "trap '' TERM INT HUP; while :; do sleep 1; done",
    'fail',
    /^killed after 1s( \(left processes|$)/,
  ],
  'forks-away': [
    // Ends when the child has a session of its own: before that hfmd can still kill the child.
    `setsid sh -c 'mkdir "$0.away"; exec tail -n 0 -f "$0"' "$0" &
until rmdir "$0.away" 2>/dev/null; do sleep 0.01; done
echo "done"`,
    'pass',
    /^done \(left a process running, out of reach\)$/,
  ],
  'leaves-children': [
    'sleep 60 & echo "done"',
    'pass',
    /^done \(left processes running, which were killed\)$/,
  ],
  'needs-a-terminal': ['read -r answer </dev/tty || exit 1', 'fail', /^exit 1: .*\/dev\/tty/],
  'reads-stdin': [
    'read -r answer || { echo "nothing to read"; exit 1; }',
    'fail',
    /^exit 1: nothing to read$/,
  ],
  'closes-stdin': ['exec <&-; cat 2>&1; exit 3', 'fail', /^exit 3: cat: .*[Bb]ad file descriptor/],
  'closes-everything': ['exec <&- >&- 2>&-; exit 4', 'fail', /^exit 4$/],
  'returns-127': [
    'no-such-client --ping',
    'fail',
    /^exit 127 \(a command in it was not found\): .*no-such-client/,
  ],
  'returns-126': ['/etc/passwd', 'fail', /^exit 126 \(a command in it may not be run\): .*passwd/],
};

test('each bad script has a verdict in time, with a detail that says what is wrong', async (context) => {
  const rig = openRig(context);
  const names = Object.keys(BAD);
  const sections = Object.entries(BAD).map(([name, [body]], i) =>
    member(name, rig.script(name, body), i + 1),
  );
  const quick = member('quick', rig.script('quick', 'exit 0'), 100);
  rig.write(`[pool.web]\ntable = "web"\n${sections.join('')}${quick}`, {
    defaults: { interval: '5s', fast_interval: '1s', timeout: `${TIMEOUT_MS}ms` },
  });
  rig.pf.setTable('web', []);
  const hfmd = await rig.start();
  for (const name of names) {
    const [, verdict, detail] = BAD[name] ?? [];
    await eventually(
      async () =>
        expect([name, await lastOf(rig, name)]).toEqual([
          name,
          expect.objectContaining({ verdict, detail: expect.stringMatching(detail ?? /^$/) }),
        ]),
      60_000,
    );
    // The deadline is strict; the rest is for a busy machine.
    expect((await lastOf(rig, name))?.duration_ms).toBeLessThan(TIMEOUT_MS + 2000);
  }
  expect((await lastOf(rig, 'quick'))?.verdict).toBe('pass');
  expect(hfmd.child.exitCode).toBe(null);
  const { stdout } = await rig.ctl('status');
  expect(stdout).toMatch(/^forks-away .* done \(left a process running, out of reach\)/m);
});

describe('a script that changes while hfmd runs', () => {
  /** A script that passes, and two backends, so that the floor does not keep either. */
  async function started(context: Parameters<typeof openRig>[0], body = 'echo first') {
    const rig = openRig(context);
    const script = rig.script('check', body);
    rig.write(
      `[pool.web]\ntable = "web"\n${member('lb1', script, 1)}${memberByMode('lb2', '10.2.1.2')}`,
    );
    rig.pf.setTable('web', []);
    await rig.start();
    const lastBecomes = (verdict: string, detail: string | RegExp) =>
      eventually(async () =>
        expect(await lastOf(rig, 'lb1')).toMatchObject({
          verdict,
          detail: expect.stringMatching(detail),
        }),
      );
    await lastBecomes('pass', /^first/);
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    return { rig, script, lastBecomes };
  }

  test('by a rename: a run that has begun ends with the old script, the next run uses the new one', async (context) => {
    const { rig, script, lastBecomes } = await started(context, 'sleep 0.3; echo "first $0"');
    writeFileSync(rig.path('new'), '#!/bin/sh\necho second\n', { mode: 0o755 });
    renameSync(rig.path('new'), script);
    await lastBecomes('pass', /^second$/);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
  });

  test('to an empty file takes no backend out, and does not pass', async (context) => {
    const { rig, script, lastBecomes } = await started(context);
    truncateSync(script);
    await lastBecomes('inconclusive', `^${script} did not start: it is empty \\(ENOEXEC\\)$`);
    await aWhile();
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
    const status = await rig.ctl('status');
    expect(status.stdout).toMatch(/^! this node: script-not-started: .* it is empty/m);
    writeFileSync(script, '#!/bin/sh\necho third\n');
    await lastBecomes('pass', /^third$/);
  });

  test('so that it or its interpreter is missing takes no backend out', async (context) => {
    const { rig, script, lastBecomes } = await started(context);
    renameSync(script, `${script}.old`);
    await lastBecomes('inconclusive', /did not start: no such file \(ENOENT\)$/);
    writeFileSync(script, '#!/nonexistent/perl\n', { mode: 0o755 });
    await lastBecomes('inconclusive', /its #! line asks for "\/nonexistent\/perl": no such file/);
    chmodSync(script, 0o644);
    await lastBecomes('inconclusive', /did not start: permission denied \(EACCES\)$/);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
  });

  test('to half of a text fails, and passes when it is whole', async (context) => {
    const { rig, script, lastBecomes } = await started(context);
    // The first half of a script, which sh(1) can't parse.
    writeFileSync(script, '#!/bin/sh\nif true; then echo half');
    await lastBecomes('fail', /^exit 2: .*[Ss]yntax error/);
    writeFileSync(script, '#!/bin/sh\nif true; then echo whole; fi\n');
    await lastBecomes('pass', /^whole$/);
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
  });
});
