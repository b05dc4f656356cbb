import type { PfDriver, PfError, PfResult } from '../pf/driver.ts';
import type { Clock } from '../sys/clock.ts';
import type { CleanupRules, CleanupTask } from './cleanup-task.ts';
import { PACE, pause } from './end-states.ts';

export interface EndSourcesDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly rules: CleanupRules;
  readonly isStopped: () => boolean;
}

export interface EndedSources {
  /** How many clients of each address were released. */
  readonly counts: ReadonlyMap<string, number>;
  readonly error: PfError | null;
}

/** An address that is out gets no new source nodes, so a few rounds see the last one. */
const MAX_ROUNDS = 5;
/** The first round ends by address, the second by client, for a pf that does not do the first. */
const ROUNDS_FOR_ONCE = 2;

/** Ends the source nodes that keep clients at addresses that are out. `tasks` is by address. */
export async function endSources(
  deps: EndSourcesDeps,
  tasks: ReadonlyMap<string, CleanupTask>,
): Promise<EndedSources> {
  const { rules, isStopped } = deps;
  const isDue = (address: string, round: number): boolean => {
    const task = tasks.get(address);
    return task !== undefined && (round < ROUNDS_FOR_ONCE || rules.releaseOf(task) === 'all');
  };
  const first = await clientsByAddress(deps, tasks);
  if (!first.ok) return { counts: new Map(), error: first.error };
  const pacer = new Pacer(deps);
  let left = first.value;
  let error: PfError | null = null;
  for (let round = 0; round < MAX_ROUNDS && !isStopped(); round++) {
    const due = [...left].filter(([address]) => isDue(address, round));
    if (due.length === 0) break;
    for (const [address, clients] of due) {
      error ??=
        round === 0
          ? await endByAddress(deps, pacer, address)
          : await endByClient(deps, pacer, clients);
    }
    const listed = await clientsByAddress(deps, tasks);
    if (listed.ok) left = listed.value;
    else error ??= listed.error;
    if (error !== null) break;
  }
  const counts = new Map<string, number>();
  for (const [address, clients] of first.value) {
    const released = clients.size - (left.get(address)?.size ?? 0);
    if (released > 0) counts.set(address, released);
  }
  const remaining = [...left].find(([address]) => isDue(address, MAX_ROUNDS));
  if (error !== null || remaining === undefined) return { counts, error };
  const message = `${remaining[1].size} sticky clients of ${remaining[0]} can not be ended`;
  return { counts, error: { kind: 'not-accepted', message } };
}

/** The clients that pf keeps at each address that is still out. */
async function clientsByAddress(
  { driver, rules }: EndSourcesDeps,
  tasks: ReadonlyMap<string, CleanupTask>,
): Promise<PfResult<Map<string, Set<string>>>> {
  const clients = new Map<string, Set<string>>();
  const listed = await driver.eachSource(({ client, backend }) => {
    const task = backend === null ? undefined : tasks.get(backend);
    if (task === undefined || !rules.isOut(task)) return;
    const known = clients.get(task.address) ?? new Set();
    clients.set(task.address, known.add(client));
  });
  return listed.ok ? { ok: true, value: clients } : listed;
}

/** OpenBSD does this in one step; stock FreeBSD 15.1 says "killed 0" and leaves the nodes. */
async function endByAddress(
  { driver, isStopped }: EndSourcesDeps,
  pacer: Pacer,
  address: string,
): Promise<PfError | null> {
  await pacer.wait();
  if (isStopped()) return null;
  const killed = await driver.endSourcesTo(address);
  return killed.ok ? null : killed.error;
}

async function endByClient(
  { driver, isStopped }: EndSourcesDeps,
  pacer: Pacer,
  clients: Iterable<string>,
): Promise<PfError | null> {
  for (const client of clients) {
    await pacer.wait();
    if (isStopped()) return null;
    const result = await driver.endSourcesOf(client);
    if (!result.ok) return result.error;
  }
  return null;
}

/** Keeps the pace over all addresses: there may be thousands with one client each. */
class Pacer {
  readonly #deps: EndSourcesDeps;
  #calls = 0;

  constructor(deps: EndSourcesDeps) {
    this.#deps = deps;
  }

  async wait(): Promise<void> {
    const { clock, isStopped } = this.#deps;
    if (!isStopped() && this.#calls > 0 && this.#calls % PACE.burst === 0) {
      await pause({ clock, ...PACE });
    }
    this.#calls += 1;
  }
}
