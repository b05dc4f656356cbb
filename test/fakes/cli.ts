import { runCli } from '../../src/cli/main.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** Runs hfmctl in this process, for a command that waits for nothing. */
export async function runCommand(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    colours: false,
    wallMs: () => 0,
    monotonicMs: () => 0,
    user: null,
    catchInterrupts: () => {
      throw new Error('this command waits for nothing');
    },
  };
  const code = await runCli(argv, terminal, {});
  return { code, stdout, stderr };
}
