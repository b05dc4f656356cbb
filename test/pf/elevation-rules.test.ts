import { describe, expect, test } from 'vitest';
import { elevationOf } from '../../src/pf/elevation.ts';
import { type Rule, rulesText, ruleText, whyInexpressible } from '../../src/pf/elevation-rules.ts';

const rule = (by: Rule['by'], isRead: boolean, ...argv: string[]): Rule => {
  return { user: '_hfm', by, as: 'root', argv, isRead };
};

describe('a command with doas or sudo in front', () => {
  test.each([
    [['/usr/bin/doas', '-n', '/sbin/pfctl', '-ss'], 'doas', 'root', ['/sbin/pfctl', '-ss']],
    [['/usr/local/bin/sudo', '-n', '-u', 'pf', '/sbin/pfctl'], 'sudo', 'pf', ['/sbin/pfctl']],
    [['/usr/bin/sudo', '--', '/a/pfctl', '-t', '/b'], 'sudo', 'root', ['/a/pfctl', '-t', '/b']],
  ])('%j has its parts', (argv, by, as, command) => {
    expect(elevationOf(argv)).toEqual({ by, as, argv: command });
  });

  test.each([
    [['/sbin/pfctl', '-t', '/x']],
    [['/usr/bin/doas', 'pfctl']],
    [['/usr/bin/doas-wrapper', '/sbin/pfctl']],
  ])('is not %j', (argv) => {
    expect(elevationOf(argv)).toBe(null);
  });
});

describe('a rule', () => {
  test.each([
    [
      rule('doas', true, '/sbin/pfctl', '-t', 'web', '-T', 'show'),
      'permit nopass nolog _hfm as root cmd /sbin/pfctl args -t web -T show',
    ],
    [
      rule('doas', false, '/usr/local/libexec/hfm/pf-end'),
      'permit nopass _hfm as root cmd /usr/local/libexec/hfm/pf-end args',
    ],
    [
      rule('doas', true, '/opt/my pf/pfctl', '-t', 'as', '-T', 'show'),
      'permit nopass nolog _hfm as root cmd "/opt/my pf/pfctl" args -t "as" -T show',
    ],
    [
      rule('sudo', true, '/sbin/pfctl', '-tweb', '-Tshow'),
      '_hfm ALL = (root) NOPASSWD: /sbin/pfctl -tweb -Tshow',
    ],
    [
      rule('sudo', false, '/usr/local/libexec/hfm/pf-end'),
      '_hfm ALL = (root) NOPASSWD: /usr/local/libexec/hfm/pf-end ""',
    ],
    [
      rule('sudo', false, '/opt/a=b,c/pfctl', '-ta:b', '-Tadd', '-f-'),
      '_hfm ALL = (root) NOPASSWD: /opt/a\\=b\\,c/pfctl -ta\\:b -Tadd -f-',
    ],
  ])('%j', (one, text) => {
    expect(ruleText(one)).toBe(text);
  });

  test('of sudo is in the list of reads, which are not logged, or of changes', () => {
    const rules = [
      rule('sudo', true, '/sbin/pfctl', '-ss'),
      rule('sudo', false, '/sbin/pfctl', '-tweb', '-Tadd', '-f-'),
    ];
    expect(rulesText(rules)).toBe(`Cmnd_Alias HFM_READS = \\
    /sbin/pfctl -ss
Cmnd_Alias HFM_CHANGES = \\
    /sbin/pfctl -tweb -Tadd -f-
Defaults!HFM_READS !log_allowed
Defaults!HFM_READS, HFM_CHANGES !pam_session
_hfm ALL = (root) NOPASSWD: HFM_READS, HFM_CHANGES
`);
  });
});

describe('a word in a rule', () => {
  test.each([
    ['doas', 'a"b'],
    ['doas', 'a\\b'],
    ['doas', 'a\nb'],
    ['doas', 'ä'],
    ['doas', 'x'.repeat(1023)],
    ['doas', ''],
    ['sudo', 'a b'],
    ['sudo', 'a*'],
    ['sudo', 'a?'],
    ['sudo', '[a]'],
    ['sudo', '^a$'],
    ['sudo', '!a'],
    ['sudo', 'a\nb'],
    ['sudo', 'a"'],
    ['sudo', '#1'],
    ['sudo', '(a)'],
    ['sudo', 'ä'],
    ['sudo', ''],
  ] as const)('of %s can not be %j', (by, word) => {
    expect(whyInexpressible(by, word)).toEqual(expect.any(String));
  });

  test.each([
    ['doas', 'a*b c'],
    ['doas', '-'],
    ['sudo', 'a:b,c=d'],
    ['sudo', '-ahfm/web'],
  ] as const)('of %s can be %j', (by, word) => {
    expect(whyInexpressible(by, word)).toBe(null);
  });
});
