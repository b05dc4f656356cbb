import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import type { Override, Scope } from '../../src/core/override.ts';
import { fail, inconclusive, pass, type Verdict } from '../../src/core/verdict.ts';
import type { Rooms } from '../../src/daemon/rooms.ts';
import { startRooms } from '../../src/daemon/start.ts';
import type { Announcement } from '../../src/state/effects.ts';
import type { StateView } from '../../src/state/view.ts';
import { type SavedState, writeState } from '../../src/store/state-file.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { composeForTest } from '../fakes/compose.ts';
import { type RecordedEvents, recordEvents } from '../fakes/events.ts';
import { createFakePf, type FakePf } from '../fakes/pf.ts';

/** The rooms as production composes them, over a fake pf and a fake clock; verdicts come from the test. */
export interface Wiring {
  readonly clock: FakeClock;
  readonly pf: FakePf;
  readonly events: RecordedEvents;
  readonly announcements: readonly Announcement[];
  readonly rooms: Rooms;
  readonly view: StateView;
  readonly tables: Rooms['tables'];
  /** How often the state was saved at once. */
  saves(): number;
  /** How often the set of probed checks has changed since the start. */
  updates(): number;
  /** How often a table was given a goal. */
  goalsSet(): number;
  /** Counts one verdict of a check; the default is `tcp`. */
  probe(backend: string, verdict: Verdict, check?: string): void;
  /** As a SIGHUP with this configuration. */
  reload(config: Config): void;
  setOverride(
    state: Override['state'] | 'ready',
    scope: string,
    options?: { untilMs?: number },
  ): void;
  /** Ends overrides whose time is over, as hfmd does once a second. */
  expire(): void;
  /** Starts a new daemon over the same pf and the same state file. */
  restart(config: Config): Promise<Wiring>;
}

export const PASS: Verdict = pass('connected');
export const FAIL: Verdict = fail('connect-refused', 'connection refused');
export const INCONCLUSIVE: Verdict = inconclusive('stalled', 'hfmd was paused');

export interface WiringOptions {
  readonly clock?: FakeClock;
  readonly pf?: FakePf;
  readonly stateFile?: string;
  /** What the state file holds at the start. */
  readonly saved?: SavedState;
}

const FOLDER = mkdtempSync(join(tmpdir(), 'hfm-wiring-'));
process.on('exit', () => rmSync(FOLDER, { recursive: true, force: true }));
let wirings = 0;

/** Starts the rooms. Tables that exist have been read when it resolves. */
export async function wire(config: Config, options: WiringOptions = {}): Promise<Wiring> {
  const clock = options.clock ?? createFakeClock();
  const pf = options.pf ?? createFakePf(clock);
  wirings += 1;
  const stateFile = options.stateFile ?? join(FOLDER, `${wirings}.json`);
  if (options.saved !== undefined) writeState(stateFile, options.saved);
  const { rooms, prober } = composeForTest({ clock, driver: pf, stateFile }, config);
  const { state, tables, store, actions, apply } = rooms;
  const events = recordEvents();
  rooms.events.follow(({ event }) => events.emit(event));
  const announcements: Announcement[] = [];
  let saves = 0;
  let goalsSet = 0;
  let updatesAtStart = 0;
  store.save = before(store.save, () => {
    saves += 1;
  });
  tables.setGoal = before<Parameters<typeof tables.setGoal>>(tables.setGoal.bind(tables), () => {
    goalsSet += 1;
  });
  actions.run = before(actions.run, (_, announcement) => void announcements.push(announcement));
  void startRooms(rooms, clock).then(() => {
    updatesAtStart = prober.updates;
  });
  await clock.advance(0);

  return {
    clock,
    pf,
    events,
    announcements,
    rooms,
    view: state.view,
    tables,
    saves: () => saves,
    updates: () => prober.updates - updatesAtStart,
    goalsSet: () => goalsSet,
    probe(backend, verdict, check = 'tcp') {
      const record = { verdict, durationMs: 1, atMs: clock.wallMs() };
      prober.record(backendName(backend), check, record);
    },
    reload: (next) => apply(state.reload(next)),
    setOverride(to, scope, { untilMs } = {}) {
      const sinceMs = clock.wallMs();
      const override: Override | null =
        to === 'ready'
          ? null
          : { state: to, by: 'anna', reason: 'a test', sinceMs, untilMs: untilMs ?? null };
      apply(state.override([scopeOf(scope)], override, 'anna'));
    },
    expire: () => apply(state.expire()),
    async restart(next) {
      rooms.batch.stop();
      rooms.firstRounds.stop();
      rooms.auditor.stop();
      await Promise.all([tables.stop(), rooms.cleanup.stop()]);
      store.stop();
      return wire(next, { clock, pf, stateFile });
    },
  };
}

/** A method that calls `note` first. */
function before<A extends readonly unknown[]>(
  method: (...args: A) => void,
  note: (...args: A) => unknown,
): (...args: A) => void {
  return (...args) => {
    note(...args);
    method(...args);
  };
}

/** `lb1` or `web/lb1`. */
export function scopeOf(text: string): Scope {
  const [pool, backend] = text.split('/');
  return backend === undefined
    ? { backend: backendName(text), pool: null }
    : { backend: backendName(backend), pool: poolName(pool ?? '') };
}
