/** Tells a single edit of a table from another program that keeps undoing hfm's work. */
export interface ConflictDetector {
  /** Counts a drift. `begins`: with it a conflict begins; `goes-on`: the conflict was told before. */
  note(nowMs: number): 'single' | 'begins' | 'goes-on';
  /** Ends a conflict that has been quiet for a window, and gives its drifts; null where none ends. */
  endIfQuiet(nowMs: number): number | null;
  /** How many drifts the conflict that is on has had; 0 for none. */
  readonly drifts: number;
}

const CONFLICT_DRIFTS = 3;

/** Three drifts within the window are a conflict; a whole window without one ends it. */
export function createConflictDetector(windowMs: number): ConflictDetector {
  let recent: number[] = [];
  let drifts = 0;
  return {
    note(nowMs) {
      recent = [...recent.filter((atMs) => nowMs - atMs < windowMs), nowMs].slice(-CONFLICT_DRIFTS);
      if (drifts > 0) {
        drifts += 1;
        return 'goes-on';
      }
      if (recent.length < CONFLICT_DRIFTS) return 'single';
      drifts = recent.length;
      return 'begins';
    },
    endIfQuiet(nowMs) {
      const isQuiet = recent.every((atMs) => nowMs - atMs >= windowMs);
      if (drifts === 0 || !isQuiet) return null;
      const ended = drifts;
      drifts = 0;
      return ended;
    },
    get drifts() {
      return drifts;
    },
  };
}
