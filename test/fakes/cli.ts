import { runCli } from '../../src/cli/main.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal that keeps what is printed. The command must not wait, unless `over` lets it. */
export function recordTerminal(over: Partial<Terminal> = {}) {
  const printed = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    out: (text) => {
      printed.stdout += text;
    },
    err: (text) => {
      printed.stderr += text;
    },
    colours: false,
    wallMs: () => 0,
    monotonicMs: () => 0,
    user: null,
    catchInterrupts: () => {
      throw new Error('this command waits for nothing');
    },
    ...over,
  };
  return { terminal, printed };
}

/** Runs hfmctl in this process, for a command that waits for nothing. */
export async function runCommand(...argv: string[]) {
  const { terminal, printed } = recordTerminal();
  const code = await runCli(argv, terminal, {});
  return { code, ...printed };
}
