/** Tells a single edit of a table from another program that keeps undoing hfm's work. */
export interface DriftWatch {
  /** Notes a drift. `begins`: it is the one that makes it a contest; `goes-on`: told already. */
  note(nowMs: number): 'single' | 'begins' | 'goes-on';
  /** Whether a contest that was on is over, and after how many drifts; asked at each quiet reading. */
  settle(nowMs: number): number | null;
  /** How many drifts the contest has had so far; 0 when there is none. */
  readonly contested: number;
}

const CONTEST_DRIFTS = 3;

/** Three drifts within the window are a contest, a whole window without one is its end. */
export function createDriftWatch(windowMs: number): DriftWatch {
  let recent: number[] = [];
  let contested = 0;
  return {
    note(nowMs) {
      recent = [...recent.filter((atMs) => nowMs - atMs < windowMs), nowMs].slice(-CONTEST_DRIFTS);
      if (contested > 0) {
        contested += 1;
        return 'goes-on';
      }
      if (recent.length < CONTEST_DRIFTS) return 'single';
      contested = recent.length;
      return 'begins';
    },
    settle(nowMs) {
      const isQuiet = recent.every((atMs) => nowMs - atMs >= windowMs);
      if (contested === 0 || !isQuiet) return null;
      const drifts = contested;
      contested = 0;
      return drifts;
    },
    get contested() {
      return contested;
    },
  };
}
