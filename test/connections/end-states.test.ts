import { describe, expect, test } from 'vitest';
import { countOpen, countSticky } from '../../src/connections/count.ts';
import { endConnections } from '../../src/connections/end-states.ts';
import type { PfDriver } from '../../src/pf/driver.ts';
import { createStateReader, type PfState } from '../../src/pf/state-listing.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { createFakePf } from '../fakes/pf.ts';

const OWN = '10.0.0.1';
const MEMBER = { addresses: new Set(['10.2.1.1', 'fd00:2::1']), ownAddresses: new Set([OWN]) };

/** As `pfctl -ss -vv` prints them; each gets the id of its place. */
function statesOf(...lines: string[]): PfState[] {
  const states: PfState[] = [];
  const reader = createStateReader((state) => states.push(state));
  for (const [i, line] of lines.entries()) {
    reader.line(line);
    reader.line(`   id: ${String(i).padStart(16, '0')} creatorid: 8641e0ae`);
  }
  reader.end();
  expect(states).toHaveLength(lines.length);
  return states;
}

const IN4 =
  'all tcp 10.2.1.1:8080 (192.0.2.1:80) <- 198.51.100.7:5001       ESTABLISHED:ESTABLISHED';
const OUT4 = 'all tcp 198.51.100.7:5001 -> 10.2.1.1:8080       ESTABLISHED:ESTABLISHED';
const NAT4 =
  'all tcp 10.0.0.1:63453 (198.51.100.7:5001) -> 10.2.1.1:8080       ESTABLISHED:ESTABLISHED';
const IN6 =
  'all tcp fd00:2::1[8080] (2001:db8::1[80]) <- 2001:db8:c::7[5001]       ESTABLISHED:ESTABLISHED';
const OUT6 = 'all tcp 2001:db8:c::7[5001] -> fd00:2::1[8080]       ESTABLISHED:ESTABLISHED';
const UDP = 'all udp 10.2.1.1:53 (192.0.2.1:53) <- 198.51.100.7:5002       SINGLE:MULTIPLE';
const CLOSED =
  'all tcp 10.2.1.1:8080 (192.0.2.1:80) <- 198.51.100.7:5003       TIME_WAIT:TIME_WAIT';
const HALF =
  'all tcp 10.2.1.1:8080 (192.0.2.1:80) <- 198.51.100.7:5004       FIN_WAIT_2:ESTABLISHED';
const OTHER =
  'all tcp 10.2.1.2:8080 (192.0.2.1:80) <- 198.51.100.7:5005       ESTABLISHED:ESTABLISHED';
const TO_ITSELF = 'all tcp 10.2.1.1:22 <- 198.51.100.7:5006       ESTABLISHED:ESTABLISHED';
const PROBE = 'all tcp 10.0.0.1:40000 -> 10.2.1.1:8080       ESTABLISHED:ESTABLISHED';
const OWN_IN =
  'all tcp 10.2.1.1:8080 (192.0.2.1:80) <- 10.0.0.1:5007       ESTABLISHED:ESTABLISHED';

function withStates(...lines: string[]) {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.states = statesOf(...lines);
  const left = (): string[] =>
    lines.filter((_, i) => pf.states.some(({ id }) => id?.startsWith(String(i).padStart(16, '0'))));
  return { clock, pf, left };
}

test('counts clients that are still connected, one for both legs, and no probe of this node', async () => {
  const { pf } = withStates(
    IN4,
    OUT4,
    NAT4,
    IN6,
    OUT6,
    UDP,
    CLOSED,
    HALF,
    OTHER,
    TO_ITSELF,
    PROBE,
    OWN_IN,
  );
  expect(await countOpen(pf, MEMBER)).toEqual({ ok: true, value: 4 });
});

test('counts each sticky client once, by the member', async () => {
  const { pf } = withStates();
  pf.sources = [
    { client: '198.51.100.7', backend: '10.2.1.1' },
    { client: '198.51.100.7', backend: 'fd00:2::1' },
    { client: '198.51.100.8', backend: '10.2.1.1' },
    { client: '198.51.100.9', backend: '10.2.1.2' },
    { client: '198.51.100.9', backend: null },
  ];
  expect(await countSticky(pf, MEMBER)).toEqual({ ok: true, value: 2 });
});

describe('ending connections', () => {
  const how = { burst: 50, pauseMs: 250, mayEnd: () => true };

  test('takes both legs, of IPv4 and of IPv6, translated or not', async () => {
    const { clock, pf, left } = withStates(IN4, OUT4, NAT4, IN6, OUT6, UDP, HALF);
    const ended = await endConnections(pf, MEMBER, { clock, ...how });
    expect(ended).toEqual({
      ok: true,
      value: {
        ended: new Map([
          ['10.2.1.1', 5],
          ['fd00:2::1', 2],
        ]),
        left: 0,
      },
    });
    expect(left()).toEqual([]);
  });

  test('leaves what was not redirected, such as an ssh of the operator through this node', async () => {
    const ssh = 'all tcp 198.51.100.9:6000 -> 10.2.1.1:22       ESTABLISHED:ESTABLISHED';
    const { clock, pf, left } = withStates(IN4, OUT4, ssh);
    await endConnections(pf, MEMBER, { clock, ...how });
    expect(left()).toEqual([ssh]);
  });

  test('takes what is open though very many have just been closed', async () => {
    const closed = 'all tcp 198.51.100.7:5001 -> 10.2.1.1:8080       TIME_WAIT:TIME_WAIT';
    const { clock, pf } = withStates(...Array.from({ length: 50_000 }, () => closed), IN4, OUT4);
    expect(await endConnections(pf, MEMBER, { clock, ...how })).toEqual({
      ok: true,
      value: { ended: new Map([['10.2.1.1', 2]]), left: 0 },
    });
  });

  test('leaves the probes of this node, other backends and what goes to the host itself', async () => {
    const { clock, pf, left } = withStates(PROBE, OTHER, TO_ITSELF, CLOSED);
    await endConnections(pf, MEMBER, { clock, ...how });
    expect(left()).toEqual([PROBE, OTHER, TO_ITSELF, CLOSED]);
  });

  test('pauses after each burst, so that pfctl does not take the machine', async () => {
    const { clock, pf } = withStates(...Array.from({ length: 120 }, () => IN4));
    const work = endConnections(pf, MEMBER, { clock, ...how });
    await clock.advance(0);
    expect(pf.states).toHaveLength(70);
    await clock.advance(250);
    expect(pf.states).toHaveLength(20);
    await clock.advance(250);
    expect(await work).toMatchObject({ value: { ended: new Map([['10.2.1.1', 120]]) } });
  });

  test('ends a share of very many, and says how many are left', async () => {
    const { clock, pf } = withStates(...Array.from({ length: 1300 }, () => IN4));
    const work = endConnections(pf, MEMBER, { clock, ...how });
    await clock.advance(60_000);
    expect(await work).toEqual({
      ok: true,
      value: { ended: new Map([['10.2.1.1', 1000]]), left: 300 },
    });
  });

  test('stops where the address comes to serve meanwhile', async () => {
    const { clock, pf } = withStates(...Array.from({ length: 120 }, () => IN4));
    let serves = false;
    const work = endConnections(pf, MEMBER, { clock, ...how, mayEnd: () => !serves });
    await clock.advance(0);
    serves = true;
    await clock.advance(1000);
    expect(pf.states).toHaveLength(70);
    expect(await work).toMatchObject({ value: { ended: new Map([['10.2.1.1', 50]]), left: 0 } });
  });

  test('stops at the first that pf does not end, and says why', async () => {
    const { clock, pf } = withStates(IN4, OUT4);
    const error = { kind: 'permission', message: 'no' } as const;
    const refusing: PfDriver = {
      ...pf,
      states: pf.states,
      endState: async () => ({ ok: false, error }),
    } as PfDriver;
    expect(await endConnections(refusing, MEMBER, { clock, ...how })).toEqual({
      ok: false,
      error,
    });
  });
});
