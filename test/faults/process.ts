import type { Config } from '../../src/config/config.ts';
import type { Rooms } from '../../src/daemon/rooms.ts';
import { keepHouse, startRooms, stopRooms } from '../../src/daemon/start.ts';
import type { PfDriver } from '../../src/pf/driver.ts';
import type { StateView } from '../../src/state/view.ts';
import type { Clock } from '../../src/sys/clock.ts';
import { composeForTest } from '../fakes/compose.ts';
import type { ManualProber } from '../fakes/prober.ts';

/** When hfmd is killed: at its n-th call of pfctl from now, before the call or while it runs. */
interface Death {
  readonly calls: number;
  readonly at: 'before' | 'during';
}

/**
 * One hfmd, from its start to its end, composed as in production. The verdicts come from the test.
 */
export interface HfmProcess {
  readonly rooms: Rooms;
  readonly view: StateView;
  readonly record: ManualProber['record'];
  /** Whether hfmd has read the tables: probes and overrides begin then. */
  readonly started: boolean;
  readonly dead: boolean;
  reload(config: Config): void;
  /** As kill -9: no timer fires, no result of pfctl arrives, nothing is written any more. */
  kill(): void;
  killAt(death: Death): void;
  /** As SIGTERM. */
  stop(): Promise<void>;
}

interface ProcessDeps {
  readonly clock: Clock;
  readonly driver: PfDriver;
  readonly stateFile: string;
  /** Breaks the rooms on purpose, before they start. */
  readonly mutate?: (rooms: Rooms) => void;
}

export function startProcess(deps: ProcessDeps, first: Config): HfmProcess {
  const life = createLife(deps.clock);
  const { clock } = life;
  const driver = mortalDriver(deps.driver, life);
  const { rooms, prober } = composeForTest({ clock, driver, stateFile: deps.stateFile }, first);
  const { state, apply } = rooms;
  deps.mutate?.(rooms);
  let started = false;
  const house = keepHouse(rooms, clock);
  void startRooms(rooms, clock).then(() => {
    started = true;
  });

  return {
    rooms,
    view: state.view,
    record: prober.record,
    get started() {
      return started;
    },
    get dead() {
      return life.dead;
    },
    reload: (next) => apply(state.reload(next)),
    kill: life.end,
    killAt: life.endAt,
    async stop() {
      if (life.dead) return;
      house.stop();
      await stopRooms(rooms);
    },
  };
}

interface Life {
  readonly clock: Clock;
  readonly dead: boolean;
  end(): void;
  endAt(death: Death): void;
  /** Counts a call of pfctl. Returns whether it is still made. */
  callsOn(): boolean;
}

function createLife(clock: Clock): Life {
  let dead = false;
  let death: Death | null = null;
  const unlessDead = (run: () => void) => (): void => {
    if (!dead) run();
  };
  return {
    clock: {
      monotonicMs: clock.monotonicMs,
      workedMs: clock.workedMs,
      wallMs: clock.wallMs,
      after: (delayMs, run) => clock.after(delayMs, unlessDead(run)),
      afterReads: (run) => clock.afterReads(unlessDead(run)),
    },
    get dead() {
      return dead;
    },
    end() {
      dead = true;
    },
    endAt(next) {
      death = next;
    },
    callsOn() {
      if (dead) return false;
      if (death === null) return true;
      death = { ...death, calls: death.calls - 1 };
      if (death.calls > 0) return true;
      dead = true;
      return death.at === 'during';
    },
  };
}

/** The pfctl of one hfmd. If hfmd is killed, it runs to its end and its result is lost. */
function mortalDriver(driver: PfDriver, life: Life): PfDriver {
  const call = <T>(work: () => Promise<T>): Promise<T> => {
    const result = life.callsOn() ? work() : NEVER;
    return new Promise((resolve, reject) => {
      result.then(
        (value) => {
          if (!life.dead) resolve(value as T);
        },
        (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
      );
    });
  };
  return {
    kind: driver.kind,
    show: (ref) => call(() => driver.show(ref)),
    add: (ref, addresses) => call(() => driver.add(ref, addresses)),
    remove: (ref, entries) => call(() => driver.remove(ref, entries)),
    replace: (ref, entries) => call(() => driver.replace(ref, entries)),
    eachState: (visit, options) => call(() => driver.eachState(visit, options)),
    tables: (anchor) => call(() => driver.tables(anchor)),
    eachSource: (visit) => call(() => driver.eachSource(visit)),
    endSourcesTo: (backend) => call(() => driver.endSourcesTo(backend)),
    endSourcesOf: (client) => call(() => driver.endSourcesOf(client)),
    endState: (id) => call(() => driver.endState(id)),
  };
}

const NEVER: Promise<never> = new Promise(() => {});
