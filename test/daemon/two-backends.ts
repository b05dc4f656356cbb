import { createFakeClock } from '../fakes/clock.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';
import { PASS, type Wiring, wire } from './wiring.ts';

export const A = '10.0.0.1';
export const B = '10.0.0.2';
export const C = '10.0.0.3';
export const FOREIGN = '192.0.2.7';
/** Long enough for every first round of evidence, backoff and resync, and not due with any. */
export const LONG_MS = 31_234;

export const TWO = config([pool('web')], [backend('lb1', { web: A }), backend('lb2', { web: B })]);

type Tables = Readonly<Record<string, readonly string[]>>;

/** A daemon over tables that hold what is given. */
export async function started(
  configuration = TWO,
  tables: Tables = { web: [A, B] },
  clock = createFakeClock(),
): Promise<Wiring> {
  const pf = createFakePf(clock);
  for (const [table, entries] of Object.entries(tables)) pf.put(table, entries);
  return wire(configuration, { clock, pf });
}

/** The same, once every backend is up and every table holds its goal. */
export async function allUp(configuration = TWO, tables?: Tables): Promise<Wiring> {
  const wiring = await started(configuration, tables);
  for (const { name, checks } of configuration.backends) {
    for (const one of checks) for (let i = 0; i < 2; i++) wiring.probe(name, PASS, one.name);
  }
  await wiring.clock.advance(LONG_MS);
  return wiring;
}
