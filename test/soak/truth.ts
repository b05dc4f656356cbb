import { BEHAVIOURS, type Behaviour, type CheckKind } from './fleet.ts';

/** What a backend really was from a time on. */
interface Period {
  readonly sinceMs: number;
  readonly isUp: boolean;
}

/** What each backend really was at each time, to compare with what hfmd reported. */
export class Truth {
  readonly #periods = new Map<string, Period[]>();

  /** The backend behaves so from now on. */
  change(name: string, kind: CheckKind, behaviour: Behaviour): void {
    const periods = this.#periods.get(name) ?? [];
    const isUp = BEHAVIOURS[behaviour][kind];
    if (periods.at(-1)?.isUp !== isUp) periods.push({ sinceMs: Date.now(), isUp });
    this.#periods.set(name, periods);
  }

  /** Whether the backend was up (or down) at some time from `fromMs` to `toMs`. */
  was(name: string, isUp: boolean, fromMs: number, toMs: number): boolean {
    const periods = this.#periods.get(name) ?? [];
    return periods.some((period, i) => {
      const untilMs = periods[i + 1]?.sinceMs ?? Number.POSITIVE_INFINITY;
      return period.isUp === isUp && period.sinceMs <= toMs && untilMs >= fromMs;
    });
  }

  /** For how long it had been up (or down) at `atMs`; 0 if it was not. */
  lasted(name: string, isUp: boolean, atMs: number): number {
    const period = this.#periods.get(name)?.findLast((one) => one.sinceMs <= atMs);
    return period?.isUp === isUp ? atMs - period.sinceMs : 0;
  }

  /** Whether it is up now, and since how long that has not changed. */
  now(name: string): { isUp: boolean; forMs: number } {
    const last = this.#periods.get(name)?.at(-1);
    return { isUp: last?.isUp ?? true, forMs: Date.now() - (last?.sinceMs ?? 0) };
  }
}
