import { expect, test } from 'vitest';
import { whereIs } from '../../checks/bench.ts';
import { artefactOfFile } from '../../release/artefact.ts';
import { openService } from '../../release/service.ts';
import { eventually, memberByMode } from '../harness.ts';

const archive = artefactOfFile();

/** mksh descends from the same ksh as OpenBSD's. dash and busybox have ash, as FreeBSD's sh. */
test.for([
  { system: 'OpenBSD', check: 'check', shell: [whereIs('mksh')] },
  { system: 'FreeBSD', check: 'status', shell: [whereIs('dash')] },
  { system: 'FreeBSD', check: 'status', shell: [whereIs('busybox'), 'sh'] },
] as const)(
  'the service script of $system with $shell',
  async ({ system, check, shell }, context) => {
    const service = openService(context, archive(), system);
    const { rig } = service;
    rig.pf.setTable('web', []);
    rig.write(`[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.11')}`);
    const codeOf = async (command: string) => (await service.control(command, shell)).code;
    expect(await codeOf('configtest')).toBe(0);
    expect(await codeOf('start')).toBe(0);
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.11']));
    expect(await codeOf(check)).toBe(0);
    expect(await codeOf('reload')).toBe(0);
    expect(await codeOf('stop')).toBe(0);
    expect(service.running()).toEqual([]);
    expect(await codeOf(check)).toBe(1);
  },
);
