import { type TableRef, tableKey } from '../core/table.ts';
import type { ViewUpdate } from './table-view.ts';
import {
  createTableWorker,
  type TableWorker,
  type TableWorkerConfig,
  type TableWorkerDeps,
} from './table-worker.ts';

export interface TableWorkersDeps extends Omit<TableWorkerDeps, 'onView' | 'after'> {
  /** Called with what a table's present worker sees. */
  readonly onView: (worker: TableWorker, update: ViewUpdate) => void;
  /** Called with what a worker still sees that has been told to stop. */
  readonly onLateView: (table: TableRef, update: ViewUpdate) => void;
}

/** One worker for each table, by the table's key. A new one waits until the former one has ended. */
export class TableWorkers {
  readonly #deps: TableWorkersDeps;
  readonly #workers = new Map<string, TableWorker>();
  /** The former workers of tables, as long as something of theirs is in flight. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(deps: TableWorkersDeps) {
    this.#deps = deps;
  }

  get(key: string): TableWorker | undefined {
    return this.#workers.get(key);
  }

  get all(): readonly TableWorker[] {
    return [...this.#workers.values()];
  }

  /** Has a worker for each of these tables, and for no other. */
  assign(tables: ReadonlyMap<string, TableWorkerConfig>): void {
    for (const [key, { config }] of this.#workers) if (!tables.has(key)) this.end(config.ref);
    for (const [key, config] of tables) {
      const known = this.#workers.get(key);
      if (known === undefined) this.#begin(key, config);
      else known.reconfigure(config);
    }
  }

  /** Ends the worker of a table, which stays as it is. */
  end(table: TableRef): void {
    const key = tableKey(table);
    const worker = this.#workers.get(key);
    if (worker === undefined) return;
    this.#workers.delete(key);
    const ended = worker.stop().then(() => {
      if (this.#ending.get(key) === ended) this.#ending.delete(key);
    });
    this.#ending.set(key, ended);
  }

  /** Leaves the tables as they are; resolves when nothing is in flight. */
  async stop(): Promise<void> {
    const stopped = this.all.map((worker) => worker.stop());
    await Promise.all([...stopped, ...this.#ending.values()]);
  }

  #begin(key: string, config: TableWorkerConfig): void {
    const { driver, clock, emit, onView: tell, onLateView } = this.#deps;
    const onView = (update: ViewUpdate): void => {
      if (this.#workers.get(key) === worker) tell(worker, update);
      else onLateView(config.ref, update);
    };
    const after = this.#ending.get(key) ?? Promise.resolve();
    const worker = createTableWorker({ driver, clock, emit, onView, after }, config);
    this.#workers.set(key, worker);
    worker.start();
  }
}
