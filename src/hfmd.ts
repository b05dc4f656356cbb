#!/usr/bin/env node
import { STARTER_ARGUMENT } from './process/starter-messages.ts';

// No top-level await, so that the bundle can be CommonJS: a file without an extension.
// Loaded only now that it is known which is wanted: the starter is to stay small.
if (process.argv[2] === STARTER_ARGUMENT) {
  void import('./process/starter-process.ts').then(({ serveStarts }) => serveStarts());
} else {
  void import('./hfmd-daemon.ts').then(async ({ runHfmd }) => {
    process.exitCode = await runHfmd();
  });
}
