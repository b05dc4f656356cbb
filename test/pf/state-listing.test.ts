import { describe, expect, test } from 'vitest';
import { createStateReader, isOpenRedirection, type PfState } from '../../src/pf/state-listing.ts';
import { sessions } from './transcript-entries.ts';

const LISTINGS = sessions.flatMap(({ steps }) =>
  steps.filter(({ argv, stdout }) => argv.includes('-ss') && stdout),
);

function read(text: string): PfState[] {
  const states: PfState[] = [];
  const reader = createStateReader((state) => states.push(state));
  for (const line of text.split('\n')) reader.line(line);
  reader.end();
  return states;
}

function one(text: string): PfState {
  const [state, ...others] = read(text);
  if (state === undefined || others.length > 0) throw new Error(`not one state: ${text}`);
  return state;
}

test('there are recorded listings with and without ids', () => {
  const commands = new Set(LISTINGS.map(({ argv }) => argv.slice(1).join(' ')));
  expect(commands).toContain('-ss');
  expect(commands).toContain('-ss -vv');
});

test.for(LISTINGS)(
  'every state of a recorded `$argv` is parsed, with its id if it has one',
  ({ argv, stdout = '' }) => {
    const heads = stdout.split('\n').filter((line) => /^\S/.test(line));
    const states = read(stdout);
    expect(states.map(({ state }) => state)).toEqual(
      heads.map((line) => line.trim().split(/\s+/).at(-1)),
    );
    for (const { id } of states) {
      expect(id).toEqual(
        argv.includes('-vv') ? expect.stringMatching(/^[0-9a-f]+\/[0-9a-f]+$/) : null,
      );
    }
  },
);

describe('a state', () => {
  test('of an rdr, inbound, has the backend on the left', () => {
    expect(
      one(
        'all tcp 10.99.0.12:9000 (10.0.2.15:8080) <- 10.0.2.2:51784       ESTABLISHED:ESTABLISHED',
      ),
    ).toEqual({
      protocol: 'tcp',
      direction: 'in',
      left: { address: '10.99.0.12', port: 9000 },
      translated: { address: '10.0.2.15', port: 8080 },
      right: { address: '10.0.2.2', port: 51784 },
      state: 'ESTABLISHED:ESTABLISHED',
      id: null,
    });
  });

  test('of nat, outbound, has this node on the left', () => {
    expect(
      one(
        'all tcp 10.99.0.11:63453 (10.0.2.2:49936) -> 10.99.0.12:9000       ESTABLISHED:ESTABLISHED',
      ),
    ).toMatchObject({
      direction: 'out',
      left: { address: '10.99.0.11', port: 63453 },
      translated: { address: '10.0.2.2', port: 49936 },
      right: { address: '10.99.0.12', port: 9000 },
    });
  });

  test('of IPv6 has its ports in brackets', () => {
    expect(
      one(
        'all tcp fd00:9::1[9000] (fd00:99::11[8080]) <- fd00:99::12[60277]       ESTABLISHED:ESTABLISHED',
      ),
    ).toMatchObject({
      left: { address: 'fd00:9::1', port: 9000 },
      translated: { address: 'fd00:99::11', port: 8080 },
      right: { address: 'fd00:99::12', port: 60277 },
    });
  });

  test('of a protocol without ports may be bound to an interface', () => {
    expect(one('vtnet0 igmp 224.0.0.22 <- 10.99.0.11       NO_TRAFFIC:SINGLE')).toMatchObject({
      protocol: 'igmp',
      left: { address: '224.0.0.22', port: null },
      right: { address: '10.99.0.11', port: null },
    });
  });

  test('has the id from the lines after it, also with a short creator', () => {
    const [first, second] = read(`all udp 10.0.0.1:53 -> 10.0.0.2:53       SINGLE:MULTIPLE
   age 00:00:00, expires in 00:00:30, 1:1 pkts, 29:44 bytes, rule 4
   id: 8766006b00000000 creatorid: 38815f6
   origif: vtnet0
all udp 10.0.0.3:53 -> 10.0.0.2:53       SINGLE:MULTIPLE`);
    expect([first?.id, second?.id]).toEqual(['8766006b00000000/38815f6', null]);
  });
});

describe('a redirection', () => {
  const inbound = (state: string): boolean =>
    isOpenRedirection(
      one(`all tcp 10.2.1.1:80 (192.0.2.1:80) <- 198.51.100.7:5001       ${state}`),
    );

  test.for([
    ['ESTABLISHED:ESTABLISHED', true],
    ['SYN_SENT:CLOSED', true],
    ['FIN_WAIT_2:ESTABLISHED', true],
    ['SINGLE:MULTIPLE', true],
    ['TIME_WAIT:TIME_WAIT', false],
    ['FIN_WAIT_2:FIN_WAIT_2', false],
    ['CLOSED:CLOSED', false],
  ] as const)('with %s is open: %s', ([state, expected]) => {
    expect(inbound(state)).toBe(expected);
  });

  test('is neither an outbound leg nor a connection to the node itself', () => {
    const end = '      ESTABLISHED:ESTABLISHED';
    expect(isOpenRedirection(one(`all tcp 198.51.100.7:5001 -> 10.2.1.1:80 ${end}`))).toBe(false);
    expect(isOpenRedirection(one(`all tcp 10.2.1.1:22 <- 198.51.100.7:5001 ${end}`))).toBe(false);
  });
});
