#!/usr/bin/env node
import { userInfo } from 'node:os';
import { runCli } from './cli/main.ts';
import type { Terminal } from './cli/terminal.ts';

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  colours: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
  wallMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms).unref()),
  user: process.env.DOAS_USER ?? process.env.SUDO_USER ?? userName(),
  onInterrupt(listener) {
    process.on('SIGINT', listener);
    return () => void process.off('SIGINT', listener);
  },
};

// `hfmctl status | head` closes the pipe early, which is no error of ours.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runCli(process.argv.slice(2), terminal, process.env);

function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    // A user id without a passwd entry has no name.
    return null;
  }
}
