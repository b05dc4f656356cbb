import type { BackendName, PoolName } from '../core/names.ts';
import type { ProbeHistory } from '../core/probe-history.ts';
import type { BackendView, CheckView, PoolView, StateView } from './view.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The state as its one writer has it: `StateView`, but writable. For this room only. */
export interface StateData extends Writable<Omit<StateView, 'backends' | 'pools'>> {
  backends: Map<BackendName, BackendData>;
  pools: Map<PoolName, PoolData>;
}

export interface BackendData extends Writable<Omit<BackendView, 'checks'>> {
  readonly checks: readonly CheckData[];
}

export interface CheckData extends Writable<Omit<CheckView, 'history'>> {
  readonly history: ProbeHistory;
}

export type PoolData = Writable<PoolView>;
