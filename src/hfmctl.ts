#!/usr/bin/env node
import { userInfo } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { runCli } from './cli/main.ts';
import type { Interrupts, Terminal } from './cli/terminal.ts';

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  colours: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  user: process.env.DOAS_USER ?? process.env.SUDO_USER ?? userName(),
  catchInterrupts,
};

// `hfmctl status | head` closes the pipe early, which is not an error.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === 'EPIPE' ? 0 : 1);
});

// No top-level await, so that the bundle can be CommonJS: a file without an extension.
void runCli(process.argv.slice(2), terminal, process.env).then((code) => {
  process.exitCode = code;
});

function catchInterrupts(): Interrupts {
  const interrupts = new AbortController();
  const onInterrupt = (): void => interrupts.abort();
  process.on('SIGINT', onInterrupt);
  return {
    get interrupted() {
      return interrupts.signal.aborted;
    },
    pause: (ms) =>
      setTimeout(ms, undefined, { signal: interrupts.signal }).catch((error: Error) => {
        if (error.name !== 'AbortError') throw error;
      }),
    release: () => void process.off('SIGINT', onInterrupt),
  };
}

function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    // A user id without a passwd entry has no name.
    return null;
  }
}
