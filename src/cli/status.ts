import { formatAge } from '../core/duration.ts';
import { nearest } from '../core/nearest.ts';
import type { AdminJson, BackendJson, PoolJson, StatusJson } from '../protocol/protocol.ts';
import { columns } from './columns.ts';
import { type Command, type Context, failed, printJson } from './command.ts';
import { EXIT } from './exit-status.ts';
import { paint, type Terminal } from './terminal.ts';

export const statusCommand: Command = {
  name: 'status',
  synopsis: '[NAME ...]',
  summary: 'every backend and pool, and whether all is well',
  details: `NAME is a backend or a pool; without one, everything is shown.
Exits 1 when something is down, kept in only by min_in_service, or not proven in pf.
What is in drain or maint does not count.`,
  options: {},
  async run(context, { positionals }) {
    const answer = await context.client.get<StatusJson>('/v1/status');
    if (answer.kind !== 'ok') return failed(context, answer);
    const status = answer.value;
    const unknown = positionals.find((name) => !isKnown(status, name));
    if (unknown !== undefined) {
      return failed(context, {
        kind: 'refused',
        status: 404,
        error: unknownError(status, unknown),
      });
    }
    const shown = positionals.length === 0 ? status : narrow(status, positionals);
    if (context.json) printJson(context, shown);
    else context.terminal.out(statusText(context, shown));
    return shown.degraded ? EXIT.degraded : EXIT.ok;
  },
};

function isKnown({ backends, pools }: StatusJson, name: string): boolean {
  return (
    pools.some((pool) => pool.name === name) ||
    backends.some((one) => one.name === name || one.pools.some((pool) => isIn(one, pool, name)))
  );
}

/** `web/lb1` */
function isIn(backend: BackendJson, pool: { name: string }, name: string): boolean {
  return `${pool.name}/${backend.name}` === name;
}

function unknownError({ backends, pools }: StatusJson, name: string): { error: string } {
  const near = nearest(
    name,
    [...backends, ...pools].map((one) => one.name),
  );
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  return { error: `no backend or pool "${name}"${hint}` };
}

/** Only the named backends with their pools, the named pools with their members, and their problems. */
function narrow(status: StatusJson, names: readonly string[]): StatusJson {
  const isNamed = (backend: BackendJson): boolean =>
    names.includes(backend.name) ||
    backend.pools.some((pool) => names.includes(`${pool.name}/${backend.name}`));
  const isMember = (backend: BackendJson): boolean =>
    backend.pools.some((pool) => names.includes(pool.name));
  const named = status.backends.filter(isNamed);
  const backends = status.backends.filter((backend) => isNamed(backend) || isMember(backend));
  const pools = status.pools.filter(
    ({ name }) =>
      names.includes(name) || named.some((one) => one.pools.some((pool) => pool.name === name)),
  );
  const subjects = [
    ...backends.map(({ name }) => `${name} `),
    ...pools.flatMap(({ name }) => [`${name}:`, `${name}/`]),
  ];
  const concerns = (line: string): boolean => subjects.some((subject) => line.startsWith(subject));
  const problems = status.problems.filter(concerns);
  const warnings = status.warnings.filter(concerns);
  return { ...status, backends, pools, problems, warnings, degraded: problems.length > 0 };
}

function statusText({ terminal }: Context, status: StatusJson): string {
  const nowMs = terminal.wallMs();
  const up = formatAge(nowMs - Date.parse(status.started_at));
  const parts = [
    `${status.node}: hfmd ${status.version}, running for ${up}, ${status.config.file}\n`,
  ];
  if (status.driver === 'memory') {
    parts.push(
      paint(
        terminal,
        'yellow',
        'DRIVER IS "memory": these tables are embedded in hfmd, pf is not touched',
      ),
      '\n',
    );
  }
  if (status.backends.length > 0) {
    const rows = status.backends.map((backend) => backendRow(terminal, backend, nowMs));
    const head = ['BACKEND', 'ADDRESS', 'HEALTH', 'SINCE', 'ADMIN', 'IN SERVICE', 'LAST VERDICT'];
    parts.push('\n', columns([head, ...rows]));
  }
  if (status.pools.length > 0) {
    const rows = status.pools.map((pool) => poolRow(terminal, pool, nowMs));
    parts.push('\n', columns([['POOL', 'TABLE', 'IN SERVICE', 'PF'], ...rows]));
  }
  for (const { table, anchor, addresses } of status.retired_tables) {
    const where = anchor === null ? '' : ` in anchor ${anchor}`;
    parts.push(
      `\n<${table}>${where} left the configuration; to be taken out: ${addresses.join(' ')}\n`,
    );
  }
  parts.push('\n');
  for (const warning of status.warnings) {
    parts.push(paint(terminal, 'yellow', `warning: ${warning}`), '\n');
  }
  if (status.engine.trouble !== null) {
    parts.push(paint(terminal, 'yellow', `engine: ${status.engine.trouble}`), '\n');
  }
  for (const problem of status.problems) parts.push(paint(terminal, 'red', `! ${problem}`), '\n');
  if (status.problems.length === 0) parts.push(paint(terminal, 'green', 'all is well'), '\n');
  return parts.join('');
}

function backendRow(terminal: Terminal, backend: BackendJson, nowMs: number): string[] {
  return [
    backend.name,
    backend.address,
    healthText(terminal, backend) + (backend.asks_drain ? ', asks drain' : ''),
    formatAge(nowMs - Date.parse(backend.since)),
    adminText(backend.admin, nowMs),
    serviceText(terminal, backend),
    lastText(backend, nowMs),
  ];
}

export function healthText(terminal: Terminal, { health }: Pick<BackendJson, 'health'>): string {
  const colour = health === 'up' ? 'green' : health === 'down' ? 'red' : 'yellow';
  return paint(terminal, colour, health);
}

/** `drain by chris, 12m03s left (upgrade)` */
export function adminText({ state, by, reason, until }: AdminJson, nowMs: number): string {
  if (state === 'ready') return 'ready';
  const who = by === null ? '' : ` by ${by}`;
  const left = until === null ? '' : `, ${formatAge(Date.parse(until) - nowMs)} left`;
  const why = reason === null ? '' : ` (${reason})`;
  return `${state}${who}${left}${why}`;
}

/** The name of each pool, with `not` where it is not in service there, and notes in brackets. */
function serviceText(terminal: Terminal, backend: BackendJson): string {
  if (backend.pools.length === 0) return '-';
  return backend.pools
    .map(({ name, in_service, held_by, pending, admin }) => {
      const own = admin.state !== backend.admin.state ? admin.state : null;
      const notes = [own, held_by, pending ? 'pending' : null].filter((note) => note !== null);
      const shown = `${in_service ? '' : 'not '}${name}${notes.length > 0 ? ` [${notes.join(', ')}]` : ''}`;
      return pending || held_by !== null ? paint(terminal, 'yellow', shown) : shown;
    })
    .join(', ');
}

/** The last verdict of a check that does not pass, else of the first check. */
function lastText({ checks, probed }: BackendJson, nowMs: number): string {
  if (!probed) return 'not probed';
  const shown = checks.filter(({ last }) => last !== null);
  const check = shown.find(({ last }) => last?.verdict !== 'pass') ?? shown[0];
  if (check === undefined || check.last === null) return 'none yet';
  const { reason, detail, duration_ms, at } = check.last;
  const name = checks.length > 1 ? `${check.name}: ` : '';
  const what = reason === null ? detail : `${reason}: ${detail}`;
  return `${name}${what} (${duration_ms} ms, ${formatAge(nowMs - Date.parse(at))} ago)`;
}

function poolRow(terminal: Terminal, pool: PoolJson, nowMs: number): string[] {
  const { name, table, anchor, members, in_service, fallback_in_use } = pool;
  const served = `${in_service}/${members}${fallback_in_use ? ' + fallback' : ''}`;
  const where = anchor === null ? `<${table}>` : `<${table}> in ${anchor}`;
  return [name, where, served, syncText(terminal, pool, nowMs)];
}

export function syncText(
  terminal: Terminal,
  { in_sync, error, confirmed_at }: Pick<PoolJson, 'in_sync' | 'error' | 'confirmed_at'>,
  nowMs: number,
): string {
  if (error !== null) return paint(terminal, 'red', `NOT PROVEN: ${error}`);
  if (!in_sync || confirmed_at === null) return paint(terminal, 'yellow', 'not confirmed yet');
  return `in sync, confirmed ${formatAge(nowMs - Date.parse(confirmed_at))} ago`;
}
