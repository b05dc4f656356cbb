import pLimit from 'p-limit';
import type { ActionConfig, BackendConfig } from '../config/config.ts';
import { actionEnvironment } from '../core/action-environment.ts';
import type { BackendName } from '../core/names.ts';
import { oneLine } from '../core/one-line.ts';
import type { HfmEvent } from '../events/event.ts';
import type { Exec, ExecResult } from '../process/exec.ts';
import { besides } from '../process/exec-text.ts';
import type { Announcement } from '../state/effects.ts';
import { type Clock, within } from '../sys/clock.ts';

export interface ActionsDeps {
  readonly clock: Clock;
  readonly exec: Exec;
  readonly emit: (event: HfmEvent) => void;
  /** Resolves when hfm has tried once to change the tables of the backend. */
  readonly attempted: (backend: BackendName) => Promise<void>;
  /** Whether pf has confirmed each table of the backend. */
  readonly confirmed: (backend: BackendName) => boolean;
}

/** Runs the actions that `on_up` and `on_down` name. */
export interface Actions {
  run(backend: BackendConfig, announcement: Announcement): void;
  /** Starts no more actions. Those that run have `STOP_GRACE_MS` to end before they are killed. */
  stop(): Promise<void>;
}

/** When pf hangs, actions run all the same after this time: they may be what reports it. */
const TABLES_WAIT_MS = 5000;
const MAX_AT_ONCE = 8;
/** For each backend: the queue of a flapping one with a slow action must not grow without end. */
const MAX_QUEUED = 20;
const MAX_OUTPUT_BYTES = 4096;
const MAX_STDERR_CHARS = 200;
const STOP_GRACE_MS = 2000;

export function createActions(deps: ActionsDeps): Actions {
  const limit = pLimit(MAX_AT_ONCE);
  const queues = new Map<BackendName, { tail: Promise<void>; length: number }>();
  let stopped = false;
  const killAll = new AbortController();

  const runAll = async (backend: BackendConfig, announcement: Announcement): Promise<void> => {
    await within(deps.attempted(backend.name), deps.clock, TABLES_WAIT_MS);
    for (const action of actionsFor(backend, announcement)) {
      if (stopped) {
        deps.emit(notRun(backend, action, 'hfmd stops'));
        continue;
      }
      const tables = deps.confirmed(backend.name) ? 'confirmed' : 'pending';
      await limit(async () => {
        if (!stopped) await runOne(deps, backend, action, announcement, tables, killAll.signal);
      });
    }
  };

  return {
    run(backend, announcement) {
      if (stopped || actionsFor(backend, announcement).length === 0) return;
      const queue = queues.get(backend.name) ?? { tail: Promise.resolve(), length: 0 };
      if (queue.length >= MAX_QUEUED) {
        const why = `${MAX_QUEUED} transitions of the backend wait for their actions`;
        for (const action of actionsFor(backend, announcement)) {
          deps.emit(notRun(backend, action, why));
        }
        return;
      }
      queue.length += 1;
      queue.tail = queue.tail.then(async () => {
        await runAll(backend, announcement);
        queue.length -= 1;
        if (queue.length === 0) queues.delete(backend.name);
      });
      queues.set(backend.name, queue);
    },
    async stop() {
      stopped = true;
      const grace = deps.clock.after(STOP_GRACE_MS, () => killAll.abort());
      await Promise.all([...queues.values()].map(({ tail }) => tail));
      grace.cancel();
    },
  };
}

function notRun(backend: BackendConfig, action: ActionConfig, why: string): HfmEvent {
  const detail = `not run: ${why}`;
  return {
    kind: 'action',
    action: action.name,
    backend: backend.name,
    ok: false,
    detail,
    durationMs: 0,
  };
}

function actionsFor(backend: BackendConfig, { to }: Announcement): readonly ActionConfig[] {
  return to === 'up' ? backend.onUp : backend.onDown;
}

async function runOne(
  { exec, emit }: ActionsDeps,
  backend: BackendConfig,
  action: ActionConfig,
  { from, to, reason, detail }: Announcement,
  tables: 'confirmed' | 'pending',
  signal: AbortSignal,
): Promise<void> {
  const result = await exec({
    argv: action.command,
    env: actionEnvironment({
      backend: backend.name,
      address: backend.address,
      pools: backend.memberships.map(({ pool }) => pool),
      from,
      to,
      reason,
      detail,
      tables,
    }),
    timeoutMs: action.timeoutMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    signal,
  });
  emit({
    kind: 'action',
    action: action.name,
    backend: backend.name,
    ok: result.kind === 'exited' && result.code === 0,
    detail: outcomeOf(result),
    durationMs: result.kind === 'not-started' ? 0 : result.durationMs,
  });
}

function outcomeOf(result: ExecResult): string {
  switch (result.kind) {
    case 'exited': {
      const firstLine = oneLine(result.stderr.trim().split('\n', 1)[0] ?? '', MAX_STDERR_CHARS);
      const why = firstLine === '' || result.code === 0 ? '' : `: ${firstLine}`;
      return `exit ${result.code}${why}${besides(result)}`;
    }
    case 'signalled':
      return `killed by ${result.signal}`;
    case 'timed-out':
      return `killed at its timeout after ${Math.round(result.durationMs)} ms`;
    case 'aborted':
      return 'killed, because hfmd stops';
    case 'not-started':
      return `not started: ${result.message}`;
  }
}
