// A stand-in for pfctl(8) in tests on machines without pf. HFM_PF_OS=openbsd|freebsd selects the
// system, HFM_PF_STATE=<folder> is the memory of the kernel. It answers as in the recorded runs in
// ../transcripts. ../seed.mjs writes and reads the folder.
import { main } from './pfctl.mjs';

let ignoringTerm = false;

for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
  // A handler runs only after a change and its lock have ended.
  const endBySignal = () => {
    if (ignoringTerm) return;
    process.removeListener(signal, endBySignal);
    process.kill(process.pid, signal);
  };
  process.on(signal, endBySignal);
}

let outcome;
try {
  outcome = await main(process.argv.slice(2), readStdin, process.env);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  // sysexits(3) EX_SOFTWARE, which pfctl never exits with.
  outcome = {
    stdout: '',
    stderr: `pfctl stand-in: ${reason}\n`,
    code: 70,
    ending: /** @type {const} */ ({ kind: 'exit' }),
  };
}
await write(process.stdout, outcome.stdout);
await write(process.stderr, outcome.stderr);
await end(outcome.ending);
process.exitCode = outcome.code ?? 0;

/** @param {import('./pfctl.mjs').Ending} ending */
async function end(ending) {
  switch (ending.kind) {
    case 'exit':
      return;
    case 'signal':
      process.kill(process.pid, ending.signal);
      await forever();
      return;
    case 'hang':
      ignoringTerm = ending.ignoringTerm;
      await forever();
      return;
    case 'hold-pipes': {
      const { spawn } = await import('node:child_process');
      const seconds = String(Math.ceil(ending.ms / 1000));
      spawn('sleep', [seconds], {
        stdio: ['ignore', 'inherit', 'inherit'],
        detached: true,
      }).unref();
    }
  }
}

function forever() {
  return new Promise(() => setInterval(() => {}, 1_000_000));
}

async function readStdin() {
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  return text;
}

/**
 * As for pfctl, it is no error when the reader has closed the pipe.
 * @param {NodeJS.WriteStream} stream
 * @param {string} text
 */
function write(stream, text) {
  if (text === '') return Promise.resolve();
  return new Promise((resolve) => {
    stream.on('error', resolve);
    stream.write(text, resolve);
  });
}
