/** What scripts rely on. */
export const EXIT = {
  ok: 0,
  /** Something is down, held or not proven in pf; or hfmd refused. */
  degraded: 1,
  unreachable: 2,
  timedOut: 3,
  /** EX_USAGE of sysexits(3). */
  usage: 64,
} as const;
