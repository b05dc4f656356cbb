import { BEHAVIOURS, type Behaviour, type CheckKind } from './fleet.ts';

/** What a backend really was, and since when. */
interface Turn {
  readonly atMs: number;
  readonly isUp: boolean;
}

/** What each backend really was at each time, to judge what hfmd said of it. */
export class Truth {
  readonly #turns = new Map<string, Turn[]>();

  turn(name: string, kind: CheckKind, behaviour: Behaviour): void {
    const turns = this.#turns.get(name) ?? [];
    const isUp = BEHAVIOURS[behaviour][kind];
    if (turns.at(-1)?.isUp !== isUp) turns.push({ atMs: Date.now(), isUp });
    this.#turns.set(name, turns);
  }

  /** Whether the backend was that at some time from `fromMs` to `toMs`. */
  was(name: string, isUp: boolean, fromMs: number, toMs: number): boolean {
    const turns = this.#turns.get(name) ?? [];
    return turns.some((turn, i) => {
      const untilMs = turns[i + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      return turn.isUp === isUp && turn.atMs <= toMs && untilMs >= fromMs;
    });
  }

  /** For how long it had been that at `atMs`; 0 when it was not. */
  lasted(name: string, isUp: boolean, atMs: number): number {
    const turn = this.#turns.get(name)?.findLast((one) => one.atMs <= atMs);
    return turn?.isUp === isUp ? atMs - turn.atMs : 0;
  }

  /** What it is now, and for how long it has been that. */
  now(name: string): { isUp: boolean; forMs: number } {
    const last = this.#turns.get(name)?.at(-1);
    return { isUp: last?.isUp ?? true, forMs: Date.now() - (last?.atMs ?? 0) };
  }
}
