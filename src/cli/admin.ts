import { parseDuration } from '../core/duration.ts';
import type { AdminState } from '../core/override.ts';
import type { AdminRequest, AdminResponse } from '../protocol/protocol.ts';
import {
  type Args,
  type Command,
  type Context,
  failed,
  isSet,
  type OptionSpecs,
  printJson,
  text,
  UsageError,
} from './command.ts';
import { EXIT } from './exit-status.ts';
import { waitDrained } from './wait-drained.ts';

const OVERRIDE_OPTIONS = {
  for: { type: 'string' },
  reason: { type: 'string' },
  by: { type: 'string' },
  pool: { type: 'string', multiple: true },
} as const satisfies OptionSpecs;

const MEMBERS = 'NAME ... [--pool POOL]';
const OVERRIDE = '[--for TIME] [--reason TEXT] [--by WHO]';

const NAMES = `NAME is a backend (lb1) or its membership of one pool (web/lb1); several may be given.
  --pool POOL     every member of POOL, in that pool`;

const OVERRIDE_DETAILS = `${NAMES}
  --for TIME      back to ready by itself after TIME, such as 30m
  --reason TEXT   shown in status until then
  --by WHO        instead of the user that runs this command`;

const FORCE = '  --force         even where it takes a pool below its min_in_service';

export const drainCommand: Command = {
  name: 'drain',
  synopsis: `${MEMBERS} [--wait [--timeout TIME] [--kill]] ${OVERRIDE} [--force]`,
  summary: 'out of the tables, probing goes on',
  details: `${OVERRIDE_DETAILS}
${FORCE}
  --wait          wait until pf has confirmed it and no connection is left
  --timeout TIME  give up waiting after TIME (60s); exits 3, the drain stays
  --kill          at the timeout, end the connections that are left`,
  options: {
    ...OVERRIDE_OPTIONS,
    force: { type: 'boolean' },
    wait: { type: 'boolean' },
    timeout: { type: 'string' },
    kill: { type: 'boolean' },
  },
  async run(context, args) {
    for (const option of ['timeout', 'kill']) {
      if (args.values[option] !== undefined && !isSet(args, 'wait')) {
        throw new UsageError(`--${option} goes with --wait`);
      }
    }
    const timeoutMs = durationOf(args, 'timeout') ?? 60_000;
    const request = requestOf(context, args, 'drain');
    const set = await setState(context, request, !isSet(args, 'wait'));
    if (!set.ok) return set.status;
    if (!isSet(args, 'wait')) return EXIT.ok;
    return waitDrained(context, set.names, { timeoutMs, kill: isSet(args, 'kill') });
  },
};

export const maintCommand: Command = {
  name: 'maint',
  synopsis: `${MEMBERS} ${OVERRIDE} [--force]`,
  summary: 'out of the tables and not probed',
  details: `${OVERRIDE_DETAILS}\n${FORCE}\nBack to ready, it must rise again before it serves.`,
  options: { ...OVERRIDE_OPTIONS, force: { type: 'boolean' } },
  run: (context, args) => setAndReport(context, args, 'maint'),
};

export const forceUpCommand: Command = {
  name: 'force-up',
  synopsis: `${MEMBERS} ${OVERRIDE}`,
  summary: 'in the tables, whatever the probes say',
  details: OVERRIDE_DETAILS,
  options: OVERRIDE_OPTIONS,
  run: (context, args) => setAndReport(context, args, 'force-up'),
};

export const readyCommand: Command = {
  name: 'ready',
  synopsis: `${MEMBERS} [--by WHO]`,
  summary: 'ends drain, maint and force-up: health decides again',
  details: `${NAMES}
  --by WHO        instead of the user that runs this command
On a backend, it also ends the overrides on its memberships.`,
  options: { pool: OVERRIDE_OPTIONS.pool, by: OVERRIDE_OPTIONS.by },
  run: (context, args) => setAndReport(context, args, 'ready'),
};

async function setAndReport(context: Context, args: Args, state: AdminState): Promise<number> {
  const set = await setState(context, requestOf(context, args, state), true);
  return set.ok ? EXIT.ok : set.status;
}

type SetResult =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly status: number };

async function setState(
  context: Context,
  request: AdminRequest,
  report: boolean,
): Promise<SetResult> {
  const answer = await context.client.post<AdminResponse>('/v1/admin', request);
  if (answer.kind !== 'ok') return { ok: false, status: failed(context, answer) };
  const { names } = answer.value;
  if (report && context.json) printJson(context, answer.value);
  if (!context.json) for (const name of names) context.terminal.out(`${name}: ${request.state}\n`);
  return { ok: true, names };
}

function requestOf(context: Context, args: Args, state: AdminState): AdminRequest {
  const pools = args.values.pool;
  const request = {
    state,
    names: args.positionals,
    pools: Array.isArray(pools) ? pools.map(String) : [],
    by: text(args, 'by') ?? context.terminal.user,
    reason: text(args, 'reason'),
    for_ms: durationOf(args, 'for'),
    force: isSet(args, 'force'),
  };
  if (request.names.length + request.pools.length === 0) {
    throw new UsageError('expected the name of a backend, or --pool POOL');
  }
  return request;
}

function durationOf(args: Args, name: string): number | null {
  const written = text(args, name);
  if (written === null) return null;
  const ms = parseDuration(written);
  if (ms === null || ms === 0) {
    throw new UsageError(`--${name}: found "${written}", expected a time such as "90s" or "30m"`);
  }
  return ms;
}
