/**
 * undici makes an error for each connection that ends, also when hfm closes it. Nobody sees the stack
 * trace of that error, and it costs a sixth of a whole probe. Between calls of these two functions, in
 * one turn of the event loop, errors have no stack trace.
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
