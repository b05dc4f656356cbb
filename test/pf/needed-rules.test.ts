import { describe, expect, test } from 'vitest';
import type { PfConfig, PoolConfig } from '../../src/config/config.ts';
import { helperWarning, neededRules } from '../../src/pf/needed-rules.ts';
import { createPfctlDriver } from '../../src/pf/pfctl.ts';
import type { Exec } from '../../src/process/exec.ts';
import { addresses, config, pool } from '../fakes/config.ts';

const NEVER = { killSources: 'never', killStates: 'never' } as const;
const AUTO = { killSources: 'auto', killStates: 'never' } as const;
const MAIL = pool('mail', { table: 'mail', anchor: 'hfm/web', exclusive: true });

function wanting(pools: readonly PoolConfig[], by: 'doas' | 'sudo', pf: Partial<PfConfig> = {}) {
  const pfctl = [`/usr/bin/${by}`, '-n', '/sbin/pfctl'];
  const { pf: rest } = config([], []);
  return { pf: { ...rest, driver: 'pfctl', pfctl, ...pf } as PfConfig, pools };
}

function helperOf(by: 'doas' | 'sudo') {
  return { helper: [`/usr/bin/${by}`, '-n', '/usr/local/libexec/hfm/pf-end'] };
}

function linesOf(...[needs, by]: [ReturnType<typeof wanting>, 'doas' | 'sudo']): string[] {
  return neededRules(needs, by, '_hfm').map(
    ({ argv, isRead }) => `${isRead ? 'r' : 'w'} ${argv.join(' ')}`,
  );
}

describe('the rules that a configuration needs', () => {
  test('allow show, add and delete for its tables, listing tables, and listing states', () => {
    expect(linesOf(wanting([{ ...pool('web'), ...NEVER }], 'doas'), 'doas')).toEqual([
      'r /sbin/pfctl -t web -T show',
      'w /sbin/pfctl -t web -T add -f -',
      'w /sbin/pfctl -t web -T delete -f -',
      'r /sbin/pfctl -v -s Tables',
      'r /sbin/pfctl -ss',
    ]);
  });

  test('allow replace for an exclusive pool, and name the anchor', () => {
    expect(linesOf(wanting([MAIL], 'doas'), 'doas')).toEqual([
      'r /sbin/pfctl -a hfm/web -t mail -T show',
      'w /sbin/pfctl -a hfm/web -t mail -T add -f -',
      'w /sbin/pfctl -a hfm/web -t mail -T delete -f -',
      'w /sbin/pfctl -a hfm/web -t mail -T replace -f -',
      'r /sbin/pfctl -a hfm/web -v -s Tables',
      'r /sbin/pfctl -ss',
    ]);
    expect(linesOf(wanting([MAIL], 'sudo'), 'sudo')).toContain(
      'w /sbin/pfctl -tmail -Treplace -ahfm/web -f-',
    );
  });

  test('allow listing source nodes when a pool ends them', () => {
    const pools = [pool('web'), { ...MAIL, ...AUTO }];
    expect(linesOf(wanting(pools, 'doas'), 'doas')).toContain('r /sbin/pfctl -s Sources');
  });

  test('allow the helper, and listing states with ids, when there is a helper', () => {
    const lines = linesOf(wanting([pool('web')], 'sudo', helperOf('sudo')), 'sudo');
    expect(lines.slice(-2)).toEqual(['r /sbin/pfctl -ss -vv', 'w /usr/local/libexec/hfm/pf-end']);
  });

  test('allow listing the tables of an anchor once', () => {
    const lines = linesOf(wanting([pool('a'), pool('b'), MAIL], 'doas'), 'doas');
    expect(lines.filter((line) => line.endsWith('Tables'))).toHaveLength(2);
  });
});

/** The commands of everything that the driver can do for a configuration. */
async function runAll({ pf, pools }: ReturnType<typeof wanting>): Promise<string[]> {
  const ran: string[] = [];
  const exec: Exec = async ({ argv }) => {
    ran.push(argv.slice(2).join(' '));
    return { kind: 'exited', code: 0, stdout: '', stderr: '', durationMs: 1 };
  };
  const driver = createPfctlDriver({ exec, pfctl: pf.pfctl, helper: pf.helper, user: '_hfm' });
  const some = addresses('10.0.0.1');
  for (const one of pools) {
    await driver.show(one);
    await driver.add(one, some);
    await driver.remove(one, some);
    if (one.exclusive) await driver.replace(one, some);
    await driver.tables(one.anchor);
  }
  for (const ids of [false, true]) await driver.eachState(() => {}, { ids });
  await driver.eachSource(() => {});
  await driver.endSourcesTo('10.0.0.1');
  await driver.endSourcesOf('fd00::1');
  await driver.endState('42/ab');
  return [...new Set(ran)];
}

describe('the needed rules', () => {
  test.each(['doas', 'sudo'] as const)(
    'of %s are exactly those of the commands that the driver runs',
    async (by) => {
      const needs = wanting([pool('web'), { ...MAIL, ...AUTO }], by, helperOf(by));
      const named = neededRules(needs, by, '_hfm').map(({ argv }) => argv.join(' '));
      expect(named.sort()).toEqual((await runAll(needs)).sort());
    },
  );
});

describe('the warning about a missing helper', () => {
  const STATES = { killSources: 'never', killStates: 'down' } as const;

  test('names the pools that need it, and the line to write', () => {
    const pools = [
      { ...pool('web'), ...AUTO },
      { ...MAIL, ...STATES },
    ];
    expect(helperWarning(wanting(pools, 'doas'))).toBe(
      'pf.helper is not set, and no rule of doas can name arguments that are not known ahead: set helper = ["/usr/bin/doas", "-n", "/usr/local/libexec/hfm/pf-end"] for kill_states of mail, kill_sources of web',
    );
  });

  test('offers kill_sources = "never" when only source nodes need the helper', () => {
    const pools = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ ...pool(name), ...AUTO }));
    expect(helperWarning(wanting(pools, 'sudo'))).toMatch(
      / for kill_sources of a, kill_sources of b, kill_sources of c and 2 more; or kill_sources = "never"$/,
    );
  });

  test.each([
    ['there is a helper', wanting([{ ...pool('web'), ...AUTO }], 'doas', helperOf('doas'))],
    ['no pool ends anything', wanting([{ ...pool('web'), ...NEVER }], 'doas')],
    ['hfmd is root', wanting([{ ...pool('web'), ...AUTO }], 'doas', { pfctl: ['/sbin/pfctl'] })],
    ['there is no pf', wanting([{ ...pool('web'), ...AUTO }], 'doas', { driver: 'memory' })],
  ])('is absent when %s', (_, needs) => {
    expect(helperWarning(needs)).toBe(null);
  });
});
