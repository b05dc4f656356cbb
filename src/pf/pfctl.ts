import pLimit from 'p-limit';
import type { TableEntry } from '../core/table-plan.ts';
import type { Exec, ExecOutput, ExecRequest, ExecResult } from '../sys/exec.ts';
import type { PfDriver, PfError, PfResult, TableRef } from './driver.ts';
import { pfctlError } from './pfctl-errors.ts';
import { parseKilledSources, parseSourceLine } from './source-listing.ts';
import { createStateReader, parseKilledStates } from './state-listing.ts';
import { parseTableLine, type TableInfo } from './table-listing.ts';

export interface PfctlDeps {
  readonly exec: Exec;
  /** argv prefix: pfctl, or doas or sudo and then pfctl. */
  readonly pfctl: readonly string[];
  /** Listings under way are given up when it aborts; a change of a table is left to end. */
  readonly signal?: AbortSignal;
}

/** Hundreds of tables must not start hundreds of processes in one moment. */
const MAX_AT_ONCE = 8;
/** A pfctl that takes longer hangs: on a busy firewall a table of 70000 takes well under a second. */
const TABLE_TIMEOUT_MS = 4000;
const LISTING_TIMEOUT_MS = 30_000;
/** A table that holds more than hfm could want of it is not one that hfm should touch. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024;
/** Of stderr: the listing itself goes by line and is not kept. */
const MAX_LISTING_BYTES = 64 * 1024;

type Bounds = Pick<ExecRequest, 'timeoutMs' | 'maxOutputBytes' | 'signal'>;

/**
 * pf by its own program. Addresses go by `-f -`, so that the argv is constant and doas or sudo rules
 * can name it exactly.
 */
export function createPfctlDriver({ exec, pfctl, signal }: PfctlDeps): PfDriver {
  const limit = pLimit(MAX_AT_ONCE);
  const run = async (
    args: readonly string[],
    stdin: readonly TableEntry[] | null,
    bounds: Bounds,
    onLine?: (line: string) => void,
  ): Promise<PfResult<ExecOutput>> => {
    const request = {
      argv: [...pfctl, ...args],
      env: { PATH: '/sbin:/bin:/usr/sbin:/usr/bin', LC_ALL: 'C' },
      ...(stdin === null ? {} : { stdin: `${stdin.join('\n')}\n` }),
      ...bounds,
      ...(onLine === undefined ? {} : { onLine }),
    };
    const result = await limit(() => exec(request));
    const what = `pfctl ${args.join(' ')}`;
    if (!isSuccess(result)) return { ok: false, error: pfctlError(what, result) };
    if (result.truncated) {
      return refuse({
        kind: 'hung',
        message: `${what} exited, but something holds its output open`,
      });
    }
    if (Buffer.byteLength(result.stdout) < bounds.maxOutputBytes) {
      return { ok: true, value: result };
    }
    return refuse({ kind: 'babble', message: `${what} printed ${bounds.maxOutputBytes} bytes` });
  };

  const change = async (
    verb: 'add' | 'delete' | 'replace',
    ref: TableRef,
    entries: readonly TableEntry[],
  ): Promise<PfResult<null>> => {
    if (entries.length === 0) throw new Error(`pfctl -T ${verb} without an address`);
    const result = await run([...tableArgs(ref), '-T', verb, '-f', '-'], entries, TABLE_BOUNDS);
    return result.ok ? DONE : result;
  };

  /** Reads a listing line by line; `take` says whether it knew the line. */
  const list = async (
    args: readonly string[],
    take: (line: string) => boolean,
  ): Promise<PfResult<null>> => {
    let known = 0;
    let strange: string | null = null;
    const bounds = signal === undefined ? LISTING_BOUNDS : { ...LISTING_BOUNDS, signal };
    const result = await run(args, null, bounds, (line) => {
      if (take(line)) known += 1;
      else if (known === 0 && line !== '') strange ??= line;
    });
    if (!result.ok) return result;
    // Further lines of a known one may be new to us; what begins otherwise is not pfctl's.
    if (strange === null) return DONE;
    const shown = JSON.stringify(String(strange).slice(0, 80));
    return refuse({ kind: 'babble', message: `pfctl ${args.join(' ')} printed ${shown}` });
  };

  return {
    kind: 'pfctl',
    async show(ref) {
      const args = [...tableArgs(ref), '-T', 'show'];
      const result = await run(args, null, TABLE_BOUNDS);
      if (!result.ok) return result;
      return parseEntries(result.value.stdout, `pfctl ${args.join(' ')}`);
    },
    add: (ref, addresses) => change('add', ref, addresses),
    remove: (ref, entries) => change('delete', ref, entries),
    replace: (ref, entries) => change('replace', ref, entries),
    async tables(anchor) {
      const tables: TableInfo[] = [];
      const args = [...anchorArgs(anchor), '-v', '-s', 'Tables'];
      const read = await list(args, (line) => {
        const table = parseTableLine(line);
        if (table !== null) tables.push(table);
        return table !== null;
      });
      return read.ok ? { ok: true, value: tables } : read;
    },
    eachSource: (visit) =>
      list(['-s', 'Sources'], (line) => {
        const node = parseSourceLine(line);
        if (node !== null) visit(node);
        return node !== null;
      }),
    async endSourcesTo(backend) {
      const anywhere = backend.includes(':') ? '::/0' : '0.0.0.0/0';
      const result = await run(['-K', anywhere, '-K', backend], null, TABLE_BOUNDS);
      return result.ok ? { ok: true, value: parseKilledSources(result.value.stderr) } : result;
    },
    async endSourcesOf(client) {
      const result = await run(['-K', client], null, TABLE_BOUNDS);
      return result.ok ? DONE : result;
    },
    async eachState(visit, { ids }) {
      const reader = createStateReader(visit);
      const read = await list(ids ? ['-ss', '-vv'] : ['-ss'], reader.line);
      reader.end();
      return read;
    },
    async endState(id) {
      const result = await run(['-k', 'id', '-k', id], null, TABLE_BOUNDS);
      return result.ok ? { ok: true, value: parseKilledStates(result.value.stderr) } : result;
    },
  };
}

const TABLE_BOUNDS = { timeoutMs: TABLE_TIMEOUT_MS, maxOutputBytes: MAX_TABLE_BYTES };
const LISTING_BOUNDS = { timeoutMs: LISTING_TIMEOUT_MS, maxOutputBytes: MAX_LISTING_BYTES };

const DONE: PfResult<null> = { ok: true, value: null };

function tableArgs({ table, anchor }: TableRef): string[] {
  return [...anchorArgs(anchor), '-t', table];
}

function anchorArgs(anchor: string | null): string[] {
  return anchor === null ? [] : ['-a', anchor];
}

function isSuccess(result: ExecResult): result is Extract<ExecResult, { kind: 'exited' }> {
  return result.kind === 'exited' && result.code === 0;
}

/** `   10.0.0.1` or `  !10.0.0.0/8`, one a line. */
function parseEntries(stdout: string, what: string): PfResult<readonly TableEntry[]> {
  const entries: TableEntry[] = [];
  for (const line of stdout.split('\n')) {
    if (line === '') continue;
    const match = /^ {2,3}(!?[0-9a-fA-F:.]+(?:%[\w.-]+)?(?:\/\d{1,3})?)$/.exec(line);
    if (match === null) {
      const shown = JSON.stringify(line.slice(0, 80));
      return refuse({ kind: 'babble', message: `${what} printed ${shown}, expected an address` });
    }
    entries.push(match[1] ?? '');
  }
  return { ok: true, value: entries };
}

function refuse(error: PfError): { ok: false; error: PfError } {
  return { ok: false, error };
}
