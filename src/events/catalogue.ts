import type { Address } from '../core/address.ts';
import { formatAge } from '../core/duration.ts';
import type { Health } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import type { AdminState } from '../core/override.ts';
import type { TableLocation } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';

export type EventLevel = 'info' | 'warn' | 'error';

/** One kind of event. `Fields` is what each event of the kind carries. */
export interface Kind<Fields> {
  readonly level: EventLevel | ((event: Fields) => EventLevel);
  /** The event as one line for people. */
  readonly text: (event: Fields) => string;
}

/**
 * Every kind of event that an operator may want to hear of: its fields, its level and its sentence. A
 * new kind is added here, and described under EVENTS in hfmctl(8). The log and `hfmctl events` show
 * the same sentence.
 */
export const CATALOGUE = {
  health: kind<{
    backend: BackendName;
    from: Health;
    to: Health;
    /** The check whose verdict decided; null when the configuration did. */
    check: string | null;
    reason: string | null;
    detail: string;
    /** "3 of 3": the streak against rise or fall. */
    count: string | null;
    /** How long the old health had lasted. */
    lastedMs: number;
  }>({
    level: ({ to }) => (to === 'down' ? 'warn' : 'info'),
    text({ backend, from, to, reason, detail, count, lastedMs }) {
      const streak = count === null ? '' : `, ${count}`;
      const lasted = from !== 'unknown' && lastedMs > 0 ? `, after ${formatAge(lastedMs)}` : '';
      return `${backend}: ${from} -> ${to} (${reason ?? detail}${streak}${lasted})`;
    },
  }),

  /** An up backend asks to be drained, or (not `active`) no longer asks. */
  'asks-drain': kind<{ backend: BackendName; active: boolean; detail: string }>({
    level: 'info',
    text: ({ backend, active, detail }) =>
      `${backend}: asks ${active ? 'to be drained' : 'for traffic again'} (${detail})`,
  }),

  admin: kind<{
    /** `lb1` or `web/lb1`. */
    name: string;
    from: AdminState;
    to: AdminState;
    by: string | null;
    reason: string | null;
    untilMs: number | null;
  }>({
    level: 'info',
    text({ name, from, to, by, reason }) {
      const who = by === null ? '' : ` by ${by}`;
      const why = reason === null ? '' : ` (${reason})`;
      return `${name}: ${from === to ? `still ${to}` : `${from} -> ${to}`}${who}${why}`;
    },
  }),

  /** pf has confirmed a change of a table. */
  table: kind<
    {
      added: readonly TableEntry[];
      removed: readonly TableEntry[];
      /** From the new goal to pf's confirmation. */
      durationMs: number;
    } & TableLocation
  >({
    level: 'info',
    text({ added, removed, durationMs, ...place }) {
      const changes = joined([
        ['added', added],
        ['removed', removed],
      ]);
      return `${tableText(place)}: ${changes} in ${Math.round(durationMs)} ms`;
    },
  }),

  /** Another program, or a person, changed the table; hfm corrects it. */
  drift: kind<{ missing: readonly TableEntry[]; surplus: readonly TableEntry[] } & TableLocation>({
    level: 'warn',
    text({ missing, surplus, ...place }) {
      const changes = joined([
        ['missing', missing],
        ['too much', surplus],
      ]);
      return `${tableText(place)}: changed by somebody else (${changes}), put right`;
    },
  }),

  /** Another program keeps changing a table, or (not `active`) has stopped. */
  contested: kind<{ active: boolean; drifts: number } & TableLocation>({
    level: levelWhileActive,
    text: ({ active, drifts, ...place }) =>
      active
        ? `${tableText(place)}: another program keeps changing it (${drifts} times), and hfm puts it right each time`
        : `${tableText(place)}: no longer changed by another program, after ${drifts} changes`,
  }),

  'table-error': kind<{ error: string } & TableLocation>({
    level: 'error',
    text: ({ error, ...place }) => `${tableText(place)}: not proven: ${error}`,
  }),

  'table-ok': kind<{ afterMs: number } & TableLocation>({
    level: 'info',
    text: ({ afterMs, ...place }) =>
      `${tableText(place)}: proven again after ${formatAge(afterMs)}`,
  }),

  /** hfm ended source nodes or states that led to an address after it had left its table. */
  ended: kind<{
    pool: PoolName | null;
    address: string;
    what: 'sources' | 'states';
    count: number;
  }>({
    level: 'info',
    text({ pool, address, what, count }) {
      const ended = what === 'sources' ? 'sticky clients' : 'states';
      return `${pool ?? 'retired'}: ended ${count} ${ended} that still led to ${address}`;
    },
  }),

  warning: kind<{ message: string }>({
    level: 'warn',
    text: ({ message }) => message,
  }),

  held: kind<{
    pool: PoolName;
    backend: BackendName;
    /** Empty when the floor no longer holds it. */
    addresses: readonly Address[];
  }>({
    level: 'warn',
    text: ({ pool, backend, addresses }) =>
      addresses.length > 0
        ? `${pool}/${backend}: would leave, held in service by min_in_service`
        : `${pool}/${backend}: no longer held by min_in_service`,
  }),

  fallback: kind<{ pool: PoolName; inUse: boolean }>({
    level: 'warn',
    text: ({ pool, inUse }) =>
      `${pool}: ${inUse ? 'nothing in service, fallback in' : 'fallback out'}`,
  }),

  'node-problem': kind<{ problem: string; detail: string; active: boolean; count: number }>({
    level: levelWhileActive,
    text: ({ problem, detail, active, count }) =>
      active
        ? `this node has a problem: ${problem}: ${detail}`
        : `this node's problem is over: ${problem}, it was seen ${count} times`,
  }),

  action: kind<{
    action: string;
    backend: BackendName;
    ok: boolean;
    detail: string;
    durationMs: number;
  }>({
    level: levelOfOutcome,
    text: ({ backend, action, detail }) => `${backend}: action ${action}: ${detail}`,
  }),

  reload: kind<{ ok: boolean; errors: readonly string[] }>({
    level: levelOfOutcome,
    text: ({ ok, errors }) =>
      ok
        ? 'configuration reloaded'
        : `reload refused, the running configuration goes on; ${errorsText(errors)}`,
  }),

  start: kind<{ version: string; file: string; driver: string; backends: number; pools: number }>({
    level: 'info',
    text: ({ version, file, driver, backends, pools }) =>
      `hfmd started: version ${version}, ${file}, ${backends} backends, ${pools} pools, driver ${driver}`,
  }),

  stop: kind<Record<never, never>>({
    level: 'info',
    text: () => 'hfmd stops, the tables stay as they are',
  }),
};

/** Lets the compiler hold a level and a sentence against the fields that are written in `<...>`. */
function kind<Fields>(entry: Kind<Fields>): Kind<Fields> {
  return entry;
}

function levelWhileActive({ active }: { active: boolean }): EventLevel {
  return active ? 'error' : 'info';
}

function levelOfOutcome({ ok }: { ok: boolean }): EventLevel {
  return ok ? 'info' : 'error';
}

function errorsText([first = 'no error', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}

function tableText({ pool, table }: TableLocation): string {
  return pool === null ? `<${table}>` : `${pool} <${table}>`;
}

function joined(changes: readonly (readonly [string, readonly TableEntry[]])[]): string {
  return changes
    .filter(([, entries]) => entries.length > 0)
    .map(([what, entries]) => `${what} ${entries.join(' ')}`)
    .join(', ');
}
