import { expect, test } from 'vitest';
import { parseKilledSources, parseSourceLine } from '../../src/pf/source-listing.ts';
import { sessions } from './transcript-entries.ts';

const LISTINGS = sessions.flatMap(({ steps }) =>
  steps.filter(({ argv, stdout }) => argv.includes('Sources') && argv.includes('-s') && stdout),
);

test('there are recorded listings', () => expect(LISTINGS.length).toBeGreaterThan(1));

test.for(LISTINGS)('every node of $id has its client and backend', ({ stdout = '' }) => {
  const lines = stdout.split('\n').filter((line) => /^\S/.test(line));
  for (const line of lines) {
    const [client, , backend] = line.split(' ');
    const known = backend === '0.0.0.0' || backend === '::' ? null : backend;
    expect(parseSourceLine(line)).toEqual({ client, backend: known });
  }
});

test.for([
  ['10.0.2.2 -> 10.9.9.1 ( states 3, connections 0, rate 0.0/0s )', '10.9.9.1'],
  ['10.0.2.2 rdr-to 10.9.9.1 ( states 3, connections 0, rate 0.0/0s )', '10.9.9.1'],
  ['fd00:99::12 -> fd00:9::1 ( states 2, connections 0, rate 0.0/0s )', 'fd00:9::1'],
  ['10.0.2.2 -> 0.0.0.0 ( states 3, connections 3, rate 0.0/0s )', null],
  ['fd00:99::12 -> :: ( states 3, connections 3, rate 0.0/0s )', null],
  ['10.0.2.2 ( states 3, connections 3, rate 0.0/0s )', null],
] as const)('%j has the backend %j', ([line, backend]) => {
  expect(parseSourceLine(line)?.backend).toBe(backend);
});

test.for(['   age 00:00:02, 15 pkts, 666 bytes, rdr rule 0', '', 'No ALTQ support in kernel'])(
  '%j is not a node',
  (line) => {
    expect(parseSourceLine(line)).toBe(null);
  },
);

test('the number of ended nodes is 0 for any other text', () => {
  expect(parseKilledSources('killed 3 src nodes from 1 sources and 1 destinations\n')).toBe(3);
  expect(parseKilledSources('killed 0 src nodes from 1 sources and 1 destinations\n')).toBe(0);
  expect(parseKilledSources('')).toBe(0);
});
