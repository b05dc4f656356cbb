import { spawn } from 'node:child_process';

/**
 * The bare cost of a script run: starts `script` `perSecond` times a second by node:child_process, in a
 * process with at least `residentMb` of resident memory. For each line on stdin it prints how many runs
 * have ended. It exits when stdin ends.
 */
const [script = '/bin/true', perSecond = '100', residentMb = '0'] = process.argv.slice(2);

const ballast: number[][] = [];
while (process.memoryUsage.rss() < Number(residentMb) * 2 ** 20) {
  ballast.push(Array.from({ length: 10_000 }, (_, i) => i + ballast.length));
}

const startMs = performance.now();
let started = 0;
let ended = 0;
setInterval(() => {
  const due = ((performance.now() - startMs) / 1000) * Number(perSecond);
  for (; started < due; started++) runOnce();
}, 1000 / Number(perSecond));

process.stdin.on('data', () => process.stdout.write(`${ended}\n`));
process.stdin.on('end', () => process.exit(0));

/** With the same pipes as a check of hfmd, and about the same environment. */
function runOnce(): void {
  const env = { PATH: '/usr/bin:/bin', HFM_NAME: 'b1', HFM_ADDRESS: '127.0.0.1', HFM_CHECK: 'c' };
  const child = spawn(script, [], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  child.on('close', () => {
    ended += 1;
  });
}
