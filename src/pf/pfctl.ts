import pLimit from 'p-limit';
import type { TableRef } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { Exec, ExecOutput, ExecRequest, ExecResult } from '../process/exec.ts';
import {
  type EndOperation,
  endArguments,
  helperLine,
  type PfctlCommands,
  type TableVerb,
} from './commands.ts';
import type { PfDriver, PfError, PfResult } from './driver.ts';
import { commandsFor, elevatorOf } from './elevation.ts';
import { withMissingRight } from './missing-right.ts';
import { pfctlError } from './pfctl-errors.ts';
import { parseKilledSources, parseSourceLine } from './source-listing.ts';
import { createStateReader, parseKilledStates } from './state-listing.ts';
import { parseTableLine, type TableInfo } from './table-listing.ts';

export interface PfctlDeps {
  readonly exec: Exec;
  /** argv prefix: the path of pfctl, perhaps after doas or sudo with its options. */
  readonly pfctl: readonly string[];
  /** argv of libexec/pf-end, after doas or sudo; null to run pfctl itself instead. */
  readonly helper: readonly string[] | null;
  /** The user that hfmd runs as, for messages about missing rules. */
  readonly user: string;
  /** Aborts listings; a change of a table that has begun is not aborted. */
  readonly signal?: AbortSignal;
}

/** Hundreds of tables must not start hundreds of processes at once. */
const MAX_AT_ONCE = 8;
/** A pfctl that takes longer hangs: a table of 70000 takes well under 1 s on a busy firewall. */
const TABLE_TIMEOUT_MS = 4000;
const LISTING_TIMEOUT_MS = 30_000;
/** More than any table that hfm is meant for; hfm leaves a larger one alone. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024;
/** Limits stderr. The listing itself is read line by line and not kept. */
const MAX_LISTING_BYTES = 64 * 1024;

type Bounds = Pick<ExecRequest, 'timeoutMs' | 'maxOutputBytes' | 'signal'>;

/** One process: pfctl or the helper, perhaps run by doas or sudo. */
interface Call {
  readonly argv: readonly string[];
  /** The command as messages show it. */
  readonly what: string;
  /** Lines for standard input. */
  readonly stdin?: readonly string[];
  readonly isRead: boolean;
  readonly bounds: Bounds;
  readonly onLine?: (line: string) => void;
}

/** The driver that runs pfctl. Nothing else in hfm runs it. */
export function createPfctlDriver(deps: PfctlDeps): PfDriver {
  const { exec, pfctl, helper, user, signal } = deps;
  const limit = pLimit(MAX_AT_ONCE);
  const commands: PfctlCommands = commandsFor(elevatorOf(pfctl));
  const call = (args: readonly string[]): Pick<Call, 'argv' | 'what'> => ({
    argv: [...pfctl, ...args],
    what: `pfctl ${args.join(' ')}`,
  });

  const run = async (one: Call): Promise<PfResult<ExecOutput>> => {
    const { argv, what, stdin, isRead, bounds, onLine } = one;
    const request = {
      argv,
      env: { PATH: '/sbin:/bin:/usr/sbin:/usr/bin', LC_ALL: 'C' },
      ...(stdin === undefined ? {} : { stdin: `${stdin.join('\n')}\n` }),
      ...bounds,
      ...(onLine === undefined ? {} : { onLine }),
    };
    const result = await limit(() => exec(request));
    if (!isSuccess(result)) {
      return refuse(withMissingRight(pfctlError(what, result), { argv, isRead, user }));
    }
    if (result.truncated) {
      return refuse({
        kind: 'hung',
        message: `${what} exited, but something holds its output open`,
      });
    }
    if (Buffer.byteLength(result.stdout) < bounds.maxOutputBytes) {
      return { ok: true, value: result };
    }
    return refuse({
      kind: 'unexpected-output',
      message: `${what} printed ${bounds.maxOutputBytes} bytes`,
    });
  };

  const change = async (
    verb: Exclude<TableVerb, 'show'>,
    ref: TableRef,
    entries: readonly TableEntry[],
  ): Promise<PfResult<null>> => {
    if (entries.length === 0) throw new Error(`pfctl -T ${verb} without an address`);
    const args = commands.table(verb, ref);
    const result = await run({
      ...call(args),
      stdin: entries,
      isRead: false,
      bounds: TABLE_BOUNDS,
    });
    return result.ok ? DONE : result;
  };

  /** Reads a listing line by line; `take` returns whether it recognised the line. */
  const list = async (
    args: readonly string[],
    take: (line: string) => boolean,
  ): Promise<PfResult<null>> => {
    let known = 0;
    let firstUnknown: string | null = null;
    const bounds = signal === undefined ? LISTING_BOUNDS : { ...LISTING_BOUNDS, signal };
    const onLine = (line: string): void => {
      if (take(line)) known += 1;
      else if (known === 0 && line !== '') firstUnknown ??= line;
    };
    const listing = { ...call(args), isRead: true, bounds, onLine };
    const result = await run(listing);
    if (!result.ok) return result;
    // Unknown lines may follow a known one, as details of it. A listing never begins with one.
    if (firstUnknown === null) return DONE;
    const shown = JSON.stringify(String(firstUnknown).slice(0, 80));
    return refuse({ kind: 'unexpected-output', message: `${listing.what} printed ${shown}` });
  };

  const end = (operation: EndOperation): Promise<PfResult<ExecOutput>> => {
    const how = { isRead: false, bounds: TABLE_BOUNDS };
    if (helper === null) return run({ ...call(endArguments(operation)), ...how });
    const line = helperLine(operation);
    return run({ argv: helper, what: `pf-end "${line}"`, stdin: [line], ...how });
  };

  return {
    kind: 'pfctl',
    async show(ref) {
      const show = call(commands.table('show', ref));
      const result = await run({ ...show, isRead: true, bounds: TABLE_BOUNDS });
      return result.ok ? parseEntries(result.value.stdout, show.what) : result;
    },
    add: (ref, addresses) => change('add', ref, addresses),
    remove: (ref, entries) => change('delete', ref, entries),
    replace: (ref, entries) => change('replace', ref, entries),
    async tables(anchor) {
      const tables: TableInfo[] = [];
      const read = await list(commands.tables(anchor), (line) => {
        const table = parseTableLine(line);
        if (table !== null) tables.push(table);
        return table !== null;
      });
      return read.ok ? { ok: true, value: tables } : read;
    },
    eachSource: (visit) =>
      list(commands.sources(), (line) => {
        const node = parseSourceLine(line);
        if (node !== null) visit(node);
        return node !== null;
      }),
    async endSourcesTo(backend) {
      const result = await end({ kind: 'backend', address: backend });
      return result.ok ? { ok: true, value: parseKilledSources(result.value.stderr) } : result;
    },
    async endSourcesOf(client) {
      const result = await end({ kind: 'client', address: client });
      return result.ok ? DONE : result;
    },
    async eachState(visit, { ids }) {
      const reader = createStateReader(visit);
      const read = await list(commands.states({ ids }), reader.line);
      reader.end();
      return read;
    },
    async endState(id) {
      const result = await end({ kind: 'state', id });
      return result.ok ? { ok: true, value: parseKilledStates(result.value.stderr) } : result;
    },
  };
}

const TABLE_BOUNDS = { timeoutMs: TABLE_TIMEOUT_MS, maxOutputBytes: MAX_TABLE_BYTES };
const LISTING_BOUNDS = { timeoutMs: LISTING_TIMEOUT_MS, maxOutputBytes: MAX_LISTING_BYTES };

const DONE: PfResult<null> = { ok: true, value: null };

function isSuccess(result: ExecResult): result is Extract<ExecResult, { kind: 'exited' }> {
  return result.kind === 'exited' && result.code === 0;
}

/** Parses the output of `-T show`: one `   10.0.0.1` or `  !10.0.0.0/8` a line. */
function parseEntries(stdout: string, what: string): PfResult<readonly TableEntry[]> {
  const entries: TableEntry[] = [];
  for (const line of stdout.split('\n')) {
    if (line === '') continue;
    const match = /^ {2,3}(!?[0-9a-fA-F:.]+(?:%[\w.-]+)?(?:\/\d{1,3})?)$/.exec(line);
    if (match === null) {
      const shown = JSON.stringify(line.slice(0, 80));
      return refuse({
        kind: 'unexpected-output',
        message: `${what} printed ${shown}, expected an address`,
      });
    }
    entries.push(match[1] ?? '');
  }
  return { ok: true, value: entries };
}

function refuse(error: PfError): { ok: false; error: PfError } {
  return { ok: false, error };
}
