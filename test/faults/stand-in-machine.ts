import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createPfctlDriver } from '../../src/pf/pfctl.ts';
import type { Exec, ExecRequest, ExecResult } from '../../src/process/exec.ts';
import { systemExec } from '../../src/process/system-exec.ts';
import type { Clock } from '../../src/sys/clock.ts';
import { type CommandName, type Os, openPf, type Pf, type Fault as PfFault } from '../pf/seed.mjs';
import { main, type Outcome } from '../pf/stand-in/pfctl.mjs';
import { HUNG_MS, type Machine, SLOW_MS } from './machine.ts';
import type { Fault, FaultKind } from './step.ts';

/**
 * The real pfctl driver on the stand-in pfctl, which runs in this process or as a process for each
 * call.
 */
export function createStandInMachine(
  clock: Clock,
  { folder, os, processes }: { folder: string; os: Os; processes: boolean },
): Machine {
  const own = mkdtempSync(join(folder, 'pf-'));
  const pf = openPf(own, { os });
  const atWork = new Set<Promise<unknown>>();
  let late: { readonly on: readonly string[]; readonly kind: 'hang' | 'slow' } | null = null;
  let waits: (() => void)[] = [];

  const work = <T>(promise: Promise<T>): Promise<T> => {
    atWork.add(promise);
    const done = (): void => void atWork.delete(promise);
    promise.then(done, done);
    return promise;
  };
  const call = (request: ExecRequest): Promise<ExecResult> =>
    processes ? systemExec(request) : callInside(pf, request);
  const after = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(ms, resolve);
      waits.push(resolve);
    });
  const endWaits = (): void => {
    const ended = waits;
    waits = [];
    for (const end of ended) end();
  };
  const exec: Exec = async (request) => {
    if (late === null || !late.on.includes(operationOf(request))) return work(call(request));
    const { kind } = late;
    await after(kind === 'slow' ? SLOW_MS : HUNG_MS);
    // A slow call does its work late. One that hangs does none, as if it hung before.
    if (kind === 'slow') return work(call(request));
    return { kind: 'timed-out', stdout: '', stderr: '', durationMs: HUNG_MS };
  };

  return {
    driver: createPfctlDriver({ exec, pfctl: [pf.command], helper: null, user: 'hfm' }),
    entries: (table) => pf.table(table) ?? null,
    put: (table, entries) => pf.setTable(table, entries),
    drop: (table) => pf.removeTable(table),
    sources: () =>
      pf.sources().map(({ client, backend }) => ({ client, backend: backend ?? null })),
    addSource: ({ client, backend }) =>
      pf.setSources([...pf.sources(), { client, ...(backend === null ? {} : { backend }) }]),
    release: endWaits,
    fault(fault) {
      endWaits();
      late = null;
      if (fault === null) return pf.clearFaults();
      const on = commandsOf(fault);
      if (fault.kind === 'hang' || fault.kind === 'slow') {
        late = { on, kind: fault.kind };
        return pf.clearFaults();
      }
      pf.setFaults({ ...standInFault(fault.kind), on });
    },
    async idle() {
      while (atWork.size > 0) await Promise.allSettled(atWork);
    },
    close: () => rmSync(own, { recursive: true, force: true }),
  };
}

async function callInside(pf: Pf, request: ExecRequest): Promise<ExecResult> {
  const [, ...argv] = request.argv;
  const { stdout, stderr, code, ending }: Outcome = await main(argv, request.stdin ?? '', pf.env);
  const kept = (text: string): string => text.slice(0, request.maxOutputBytes);
  const { onLine } = request;
  if (onLine !== undefined) for (const line of stdout.split('\n')) if (line !== '') onLine(line);
  const output = { stdout: onLine ? '' : kept(stdout), stderr: kept(stderr), durationMs: 0 };
  if (ending.kind === 'signal') return { kind: 'signalled', signal: ending.signal, ...output };
  if (ending.kind === 'exit') return { kind: 'exited', code: code ?? 0, ...output };
  throw new Error(`a history does not use ${ending.kind}`);
}

function operationOf({ argv }: ExecRequest): string {
  if (argv.includes('-K')) return 'kill-sources';
  if (argv.includes('Sources')) return 'show-sources';
  return argv[argv.indexOf('-T') + 1] ?? '';
}

function commandsOf({ on }: Fault): CommandName[] {
  switch (on) {
    case 'show':
    case 'add':
    case 'replace':
      return [on];
    case 'remove':
      return ['delete'];
    case 'sources':
      return ['show-sources', 'kill-sources'];
    case 'all':
      return ['show', 'add', 'delete', 'replace', 'show-sources', 'kill-sources'];
  }
}

function standInFault(kind: Exclude<FaultKind, 'hang' | 'slow'>): PfFault {
  switch (kind) {
    case 'permission':
    case 'missing-device':
      return { fault: kind };
    case 'refused':
      return { fault: 'fail' };
    case 'killed':
      return { fault: 'kill-before' };
    case 'unexpected-output':
      return { fault: 'nonsense-stdout', bytes: 2000 };
    case 'killed-after':
      return { fault: 'kill-after' };
    case 'ignored':
      return { fault: 'silent-noop' };
  }
}
