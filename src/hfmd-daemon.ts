import { parseArgs } from 'node:util';
import type { Config } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { createControlServer } from './control/server.ts';
import { openSocket } from './control/socket.ts';
import { type Daemon, startDaemon } from './daemon/daemon.ts';
import { auditTables } from './daemon/table-audit.ts';
import type { PfDriver } from './pf/driver.ts';
import { createMemoryDriver } from './pf/memory.ts';
import { createPfctlDriver } from './pf/pfctl.ts';
import { systemClock, within } from './sys/clock.ts';
import { groupId } from './sys/group.ts';
import { createLog } from './sys/log.ts';
import { nodeName, ownAddresses } from './sys/node.ts';
import { createScriptStarter, type ScriptStarter, starterCommand } from './sys/script-starter.ts';
import { systemExec } from './sys/system-exec.ts';
import { VERSION } from './version.ts';

const USAGE = 'usage: hfmd [-dnVv] [-f file]';

const HELP = `${USAGE}

  -d, --debug     readable log lines instead of JSON
  -f, --file      the configuration (/etc/hfm.toml)
  -n, --configtest  only test the configuration; exits 0 when it is good, 1 when not
  -v, --verbose   log every probe
  -V, --version   print the version
  -h, --help      print this
`;

const EXIT_USAGE = 64;
const STOP_MS = 6000;

/** The daemon's whole life, from its command line to its exit status. */
export async function runHfmd(): Promise<number> {
  const options = readOptions();
  if (options === null) return EXIT_USAGE;
  if (options.help === true) return print(HELP);
  if (options.version === true) return print(`hfmd ${VERSION}\n`);
  const loaded = loadConfig(options.file ?? '/etc/hfm.toml');
  if (!loaded.ok) {
    process.stderr.write(`${loaded.errors.join('\n')}\n`);
    return 1;
  }
  if (options.configtest === true) return testConfig(loaded.config);
  return run(loaded.config, options);
}

/** Beside the file itself, what this system says to it: pf where it can be read, and the group. */
async function testConfig(config: Config): Promise<number> {
  const { warnings, error } = await auditTables(driverOf(config), config.pools);
  const unread = error === null ? [] : [`pf can't be read, tables not checked: ${error.message}`];
  for (const warning of [...unread, ...warnings]) process.stderr.write(`warning: ${warning}\n`);
  const { socketGroup } = config.daemon;
  if (socketGroup !== null && groupId(socketGroup) === null) {
    process.stderr.write(
      `warning: daemon.socket_group: no group "${socketGroup}" on this system\n`,
    );
  }
  return print('configuration OK\n');
}

interface Options {
  readonly debug?: boolean;
  readonly file?: string;
  readonly configtest?: boolean;
  readonly verbose?: boolean;
  readonly version?: boolean;
  readonly help?: boolean;
}

function readOptions(): Options | null {
  try {
    return parseArgs({
      options: {
        debug: { type: 'boolean', short: 'd' },
        file: { type: 'string', short: 'f' },
        configtest: { type: 'boolean', short: 'n' },
        verbose: { type: 'boolean', short: 'v' },
        version: { type: 'boolean', short: 'V' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`hfmd: ${(error as Error).message}\n${USAGE}\n`);
    return null;
  }
}

async function run(config: Config, options: Options): Promise<number> {
  const level = options.verbose === true ? 'debug' : config.daemon.logLevel;
  const log = createLog({
    level,
    readable: options.debug === true,
    pinned: options.verbose === true,
  });
  let daemon: Daemon | null = null;
  let reloadAtStart = false;
  process.on('SIGHUP', () => {
    if (daemon === null) reloadAtStart = true;
    else daemon.reload();
  });
  const stopped = untilStopped();
  const server = createControlServer({
    log,
    routeDeps: () =>
      daemon === null ? null : { daemon, node: nodeName(), clock: systemClock, ownAddresses },
  });
  const { socket, socketGroup } = config.daemon;
  const opened = await openSocket(server, socket, socketGroup, log);
  if (!opened.ok) {
    process.stderr.write(`hfmd: ${opened.error}\n`);
    return 1;
  }
  const stopping = new AbortController();
  const driver = driverOf(config, stopping.signal);
  daemon = await startDaemon(
    {
      clock: systemClock,
      exec: systemExec,
      openScripts,
      driver,
      log,
      ownAddresses,
    },
    config,
  );
  if (reloadAtStart) daemon.reload();
  await stopped;
  stopping.abort();
  const ended = daemon.stop();
  // Followers of events have heard of the stop by now.
  server.close();
  server.closeIdleConnections();
  // A pfctl that hangs, or a log that nobody reads, must not keep rc.d waiting.
  await within(ended, systemClock, STOP_MS);
  server.closeAllConnections();
  await log.flush();
  return process.exit(0);
}

function openScripts(onTrouble: (detail: string) => void): ScriptStarter {
  const command = starterCommand(process.argv[1] ?? '');
  return createScriptStarter({ clock: systemClock, exec: systemExec, command, onTrouble });
}

/** The embedded tables are all there, and used. */
function driverOf({ pf }: Config, signal?: AbortSignal): PfDriver {
  return pf.driver === 'memory'
    ? createMemoryDriver()
    : createPfctlDriver({
        exec: systemExec,
        pfctl: pf.pfctl,
        ...(signal === undefined ? {} : { signal }),
      });
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGTERM', () => resolve());
    process.on('SIGINT', () => resolve());
  });
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
