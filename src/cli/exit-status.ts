/** Scripts rely on these. */
export const EXIT = {
  ok: 0,
  /** Something is down, kept in only by min_in_service, or not proven in pf; or hfmd refused. */
  degraded: 1,
  unreachable: 2,
  timedOut: 3,
  /** EX_USAGE of sysexits(3). */
  usage: 64,
} as const;
