import { expect, test } from 'vitest';
import { readPfctl } from '../../../src/import/hfm-conf/pfctl-arguments.ts';

const ADD = { kind: 'change', operation: 'add', table: 'web', anchor: null, targets: ['10.0.0.1'] };

test.each<[line: string, use: unknown]>([
  ['-t web -T add 10.0.0.1', ADD],
  ['-T add -t web 10.0.0.1', ADD],
  ['-qtweb -Tadd 10.0.0.1', ADD],
  ['-q -v -t web -T delete a b', { ...ADD, operation: 'delete', targets: ['a', 'b'] }],
  ['-a hfm/web -t web -T add 10.0.0.1', { ...ADD, anchor: 'hfm/web' }],
  ['-k 0.0.0.0/0 -k 10.0.0.1', { kind: 'kill' }],
  ['-K 10.0.0.1', { kind: 'kill' }],
  ['-t web -T replace 10.0.0.1', { kind: 'other' }],
  ['-t web -T flush', { kind: 'other' }],
  ['-t web -T add', { kind: 'other' }],
  ['-T add 10.0.0.1', { kind: 'other' }],
  ['-n -t web -T add 10.0.0.1', { kind: 'other' }],
  ['-t web -T add -f /etc/web', { kind: 'other' }],
  ['-f /etc/pf.conf', { kind: 'other' }],
  ['-Z', { kind: 'other' }],
])('pfctl %s', (line, use) => {
  expect(readPfctl(line.split(' '))).toEqual(use);
});
