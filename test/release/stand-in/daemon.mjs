import { spawn } from 'node:child_process';
import { appendFileSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/**
 * A stand-in for FreeBSD's daemon(8), written from its manual page: -f, -r, -p, -P, -T, -l, -s and
 * -u. The command runs as the caller. $HFM_RC_SYSLOG gets its output, $HFM_RC_CALLS the options. Like
 * daemon(8), it passes SIGTERM on and ends without waiting for the command.
 */
const args = process.argv.slice(2);
const { values, positionals } = parseArgs({
  args: [...args.slice(0, commandStart()), '--', ...args.slice(commandStart())],
  allowPositionals: true,
  options: {
    devnull: { type: 'boolean', short: 'f' },
    restart: { type: 'boolean', short: 'r' },
    child: { type: 'string', short: 'p' },
    supervisor: { type: 'string', short: 'P' },
    tag: { type: 'string', short: 'T' },
    facility: { type: 'string', short: 'l' },
    priority: { type: 'string', short: 's' },
    user: { type: 'string', short: 'u' },
  },
});

const RESTART_MS = 1000;
const {
  HFM_RC_SYSLOG: syslog = '',
  HFM_RC_CALLS: calls = '',
  HFM_RC_SUPERVISOR: inside,
} = process.env;

if (inside === undefined) detach();
else supervise();

/** The index of the command: after the options, and after the values of those that take one. */
function commandStart() {
  let i = 0;
  while (args[i]?.startsWith('-')) i += /^-[pPTlsu]$/.test(args[i]) ? 2 : 1;
  return i;
}

function detach() {
  const { tag, facility, priority, user } = values;
  appendFileSync(calls, `daemon ${user} ${facility}.${priority} ${tag}\n`);
  const env = { ...process.env, HFM_RC_SUPERVISOR: '1' };
  spawn(process.execPath, process.argv.slice(1), { env, detached: true, stdio: 'ignore' }).unref();
}

function supervise() {
  writeFileSync(values.supervisor, String(process.pid));
  const out = openSync(syslog, 'a');
  const { HFM_RC_SUPERVISOR: _, ...env } = process.env;
  let child;
  const start = () => {
    child = spawn(positionals[0], positionals.slice(1), { env, stdio: ['ignore', out, out] });
    writeFileSync(values.child, String(child.pid));
    process.title = `daemon: ${positionals[0]}[${child.pid}]`;
    child.once('exit', () => {
      if (values.restart) setTimeout(start, RESTART_MS);
      else end();
    });
  };
  const end = () => {
    rmSync(values.child, { force: true });
    rmSync(values.supervisor, { force: true });
    process.exit(1);
  };
  process.on('SIGTERM', () => {
    child.kill('SIGTERM');
    end();
  });
  start();
}
