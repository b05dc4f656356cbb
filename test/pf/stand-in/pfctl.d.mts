export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** null when the process does not exit by itself */
  readonly code: number | null;
  readonly ending:
    | { readonly kind: 'exit' }
    | { readonly kind: 'signal'; readonly signal: 'SIGKILL' | 'SIGTRAP' }
    | { readonly kind: 'hang'; readonly ignoringTerm: boolean }
    | { readonly kind: 'hold-pipes'; readonly ms: number };
}

/**
 * Runs one call of pfctl in this process.
 * @throws {Error} when the stand-in itself is used wrongly
 */
export function main(
  argv: readonly string[],
  stdin: string | (() => Promise<string>),
  env: Readonly<Record<string, string | undefined>>,
): Promise<Outcome>;
