import type { Config } from '../../src/config/config.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import type { Override, Scope } from '../../src/core/override.ts';
import { fail, inconclusive, pass, type Verdict } from '../../src/core/verdict.ts';
import { type Announcement, Controller, type Durable } from '../../src/state/controller.ts';
import { EMPTY_STATE } from '../../src/store/state-file.ts';
import { Reconciler } from '../../src/tables/reconciler.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { type RecordedEvents, recordEvents } from '../fakes/events.ts';
import { createFakePf, type FakePf } from '../fakes/pf.ts';

/** A controller and a reconciler wired as the daemon wires them, over a fake pf and a fake clock. */
export interface Wiring {
  readonly clock: FakeClock;
  readonly pf: FakePf;
  readonly events: RecordedEvents;
  readonly announcements: readonly Announcement[];
  readonly controller: Controller;
  readonly reconciler: Reconciler;
  /**
   * How often something durable changed, the operator spoke, his word changed who is probed, and it
   * was decided what a table must hold.
   */
  readonly counts: { durable: number; words: number; probing: number; goals: number };
  /** One verdict of a check, `tcp` unless said. */
  probe(backend: string, verdict: Verdict, check?: string): void;
  /** As a SIGHUP with this configuration. */
  reload(config: Config): void;
  say(state: Override['state'] | 'ready', scope: string, options?: { untilMs?: number }): void;
  /** Everything is forgotten but what outlives a restart and pf itself. */
  restart(config: Config): Promise<Wiring>;
}

export const PASS: Verdict = pass('connected');
export const FAIL: Verdict = fail('connect-refused', 'connection refused');
export const INCONCLUSIVE: Verdict = inconclusive('stalled', 'this node stood still');

export interface WiringOptions {
  readonly clock?: FakeClock;
  readonly pf?: FakePf;
  readonly durable?: Durable & { readonly ledger: Ledger };
}

/** Starts them; tables that are there are read before it resolves. */
export async function wire(config: Config, options: WiringOptions = {}): Promise<Wiring> {
  const clock = options.clock ?? createFakeClock();
  const pf = options.pf ?? createFakePf(clock);
  const durable = options.durable ?? EMPTY_STATE;
  const events = recordEvents();
  const announcements: Announcement[] = [];
  const counts = { durable: 0, words: 0, probing: 0, goals: 0 };
  const reconciler = new Reconciler(
    {
      driver: pf,
      clock,
      emit: events.emit,
      onRead: (pool, entries) => controller.tableRead(pool, entries),
      onAsked: (pool, entries) => controller.tableAsked(pool, entries),
      onRemoved: () => {},
      onHealed: () => {},
      onLedger: () => {},
    },
    durable.ledger,
  );
  const controller = new Controller(
    {
      clock,
      emit: events.emit,
      onGoal: (pool, goal) => {
        counts.goals += 1;
        reconciler.aim(pool, goal);
      },
      onDurable: () => {
        counts.durable += 1;
      },
      onWord: () => {
        counts.words += 1;
      },
      onFoundOut: () => {},
      onAnnounce: (announcement) => void announcements.push(announcement),
      onProbing: () => {
        counts.probing += 1;
      },
    },
    config,
    durable,
  );
  reconciler.configure(config);
  await clock.advance(0);
  controller.start();
  await clock.advance(0);

  return {
    clock,
    pf,
    events,
    announcements,
    controller,
    reconciler,
    counts,
    probe(backend, verdict, check = 'tcp') {
      controller.record(backendName(backend), check, {
        verdict,
        durationMs: 1,
        atMs: clock.wallMs(),
      });
    },
    reload(next) {
      reconciler.configure(next);
      controller.reload(next);
    },
    say(state, scope, { untilMs } = {}) {
      const override: Override | null =
        state === 'ready'
          ? null
          : {
              state,
              by: 'anna',
              reason: 'a test',
              sinceMs: clock.wallMs(),
              untilMs: untilMs ?? null,
            };
      controller.override([scopeOf(scope)], override, 'anna');
    },
    async restart(next) {
      await reconciler.stop();
      const announced = new Map<string, 'up' | 'down'>();
      for (const { config: one, announced: health } of controller.live.backends.values()) {
        if (health !== null) announced.set(one.name, health);
      }
      const { overrides } = controller.live;
      const kept = { overrides, announced, ledger: reconciler.ledger };
      return wire(next, { clock, pf, durable: kept });
    },
  };
}

/** `lb1` or `web/lb1`. */
export function scopeOf(text: string): Scope {
  const [pool, backend] = text.split('/');
  return backend === undefined
    ? { backend: backendName(text), pool: null }
    : { backend: backendName(backend), pool: poolName(pool ?? '') };
}
