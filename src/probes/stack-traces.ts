/**
 * undici makes an error for each connection that ends, also where it was asked to end it, and its
 * stack trace, which nobody ever sees, costs as much as a sixth of a whole probe. Between these two,
 * in one turn of the event loop, errors are made without one.
 */
export function withoutStackTraces(): void {
  if (usual !== null) return;
  usual = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
}

export function withStackTraces(): void {
  if (usual === null) return;
  Error.stackTraceLimit = usual;
  usual = null;
}

let usual: number | null = null;
