import { parseArgs } from 'node:util';
import { auditSources } from './audit/source-audit.ts';
import { auditTables } from './audit/table-audit.ts';
import { readCarpAddresses } from './carp/carp-addresses.ts';
import type { Config } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { createControlServer } from './control/server.ts';
import { openSocket } from './control/socket.ts';
import { type Daemon, startDaemon } from './daemon/daemon.ts';
import { EngineMeter } from './metrics/engine-meter.ts';
import type { PfDriver } from './pf/driver.ts';
import { createMemoryDriver } from './pf/memory.ts';
import { helperWarning } from './pf/needed-rules.ts';
import { createPfctlDriver } from './pf/pfctl.ts';
import { planDescriptors, readDescriptorLimit } from './prober/descriptors.ts';
import { createProber } from './prober/prober.ts';
import type { Exec } from './process/exec.ts';
import {
  createScriptStarter,
  type ScriptStarter,
  starterCommands,
} from './process/script-starter.ts';
import { systemExec } from './process/system-exec.ts';
import { systemClock, within } from './sys/clock.ts';
import { groupId } from './sys/group.ts';
import { createLog, type ProcessLog } from './sys/log.ts';
import { nodeName, ownAddresses } from './sys/node.ts';
import { PATHS } from './sys/paths.ts';
import { createSlices } from './sys/slices.ts';
import { currentUser } from './sys/user.ts';
import { expectDetachedBuffers, keepHeapSmall } from './sys/v8.ts';
import { VERSION } from './version.ts';

const USAGE = 'usage: hfmd [-dnVv] [-f file]';

const HELP = `${USAGE}

  -d, --debug     log lines for a terminal, with the time
  -f, --file      the configuration (${PATHS.config})
  -n, --configtest  only test the configuration; exits 0 when it is good, 1 when not
  -v, --verbose   log every probe
  -V, --version   print the version
  -h, --help      print this
`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 64;
const STOP_MS = 6000;

/** The daemon's whole life, from its command line to its exit status. */
export async function runHfmd(): Promise<number> {
  const options = readOptions();
  if (options === null) return EXIT_USAGE;
  if (options.help === true) return print(HELP);
  if (options.version === true) return print(`hfmd ${VERSION}\n`);
  const loaded = loadConfig(options.file ?? PATHS.config);
  if (!loaded.ok) {
    process.stderr.write(`${loaded.errors.join('\n')}\n`);
    return EXIT_FAILED;
  }
  if (options.configtest === true) return testConfig(loaded.config);
  return run(loaded.config, options);
}

/** Prints what this system says to a configuration that is good in itself. */
async function testConfig(config: Config): Promise<number> {
  // The embedded tables are made when they are first used.
  const pools = config.pf.driver === 'memory' ? [] : config.pools;
  const tables = await auditTables(driverOf(config, systemExec), pools);
  const descriptors = planDescriptors(config, await readDescriptorLimit(systemExec));
  const warnings = [
    ...[helperWarning(config) ?? []].flat(),
    ...(tables.error === null
      ? []
      : [`pf can't be read, tables not checked: ${tables.error.message}`]),
    ...tables.warnings,
    ...(descriptors.warning === null ? [] : [descriptors.warning]),
    ...(await auditSources(carpAddresses, config.backends)),
    ...missingGroup(config.daemon.socketGroup),
  ];
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  return print('configuration OK\n');
}

function missingGroup(group: string | null): string[] {
  if (group === null || groupId(group) !== null) return [];
  return [`daemon.socket_group: no group "${group}" on this system`];
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
  // Not for `-n`: what node keeps of its compiling is good only for the flags of that moment.
  keepHeapSmall();
  expectDetachedBuffers();
  const log = createLog(config.daemon.log, {
    ...(options.verbose === true ? { level: 'debug' } : {}),
    ...(options.debug === true ? { format: 'terminal' } : {}),
  });
  endOnBugs(log);
  let daemon: Daemon | null = null;
  let reloadAtStart = false;
  process.on('SIGHUP', () => {
    if (daemon === null) reloadAtStart = true;
    else daemon.reload();
  });
  // Node itself would open its debugger at SIGUSR1, and end at SIGUSR2.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});
  const stopped = untilStopped();
  const slices = createSlices(systemClock);
  const server = createControlServer({
    log,
    routeDeps: () =>
      daemon === null ? null : { daemon, node: nodeName(), clock: systemClock, slices },
  });
  const { socket, socketGroup } = config.daemon;
  // Not waited for: hfmd is to be there soon.
  const descriptorLimit = readDescriptorLimit(systemExec);
  const opened = await openSocket(server, socket, socketGroup, log);
  if (!opened.ok) {
    process.stderr.write(`hfmd: ${opened.error}\n`);
    return EXIT_FAILED;
  }
  const stopping = new AbortController();
  const meter = new EngineMeter(systemClock);
  const driver = driverOf(
    config,
    timed(systemExec, (ms) => meter.pfctl(ms)),
    stopping.signal,
  );
  daemon = await startDaemon(
    {
      clock: systemClock,
      exec: systemExec,
      driver,
      log,
      meter,
      ownAddresses,
      carpAddresses,
      openProber: (outlets) =>
        createProber({ ...outlets, clock: systemClock, log, meter, descriptorLimit, openScripts }),
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
  return exit(log, 0);
}

/** Ends hfmd, whatever becomes of its log. */
async function exit(log: ProcessLog, code: number): Promise<never> {
  // `process.exit` would wait for the write that nobody reads.
  if ((await log.end()) === 'stuck') process.kill(process.pid, 'SIGKILL');
  return process.exit(code);
}

function carpAddresses(): Promise<ReadonlySet<string>> {
  return readCarpAddresses(systemExec, '/sbin/ifconfig');
}

function openScripts(onTrouble: (detail: string) => void): ScriptStarter {
  const commands = starterCommands(process.argv[1] ?? '');
  return createScriptStarter({ clock: systemClock, exec: systemExec, commands, onTrouble });
}

/** The embedded tables are all there, and used. */
function driverOf({ pf }: Config, exec: Exec, signal?: AbortSignal): PfDriver {
  return pf.driver === 'memory'
    ? createMemoryDriver()
    : createPfctlDriver({
        exec,
        pfctl: pf.pfctl,
        helper: pf.helper,
        user: currentUser(),
        ...(signal === undefined ? {} : { signal }),
      });
}

/** Says how long each process took. */
function timed(exec: Exec, onEnd: (ms: number) => void): Exec {
  return async (request) => {
    const result = await exec(request);
    if ('durationMs' in result) onEnd(result.durationMs);
    return result;
  };
}

/** A bug is told in one line, as everything is; Node would print the stack in many. */
function endOnBugs(log: ProcessLog): void {
  process.on('uncaughtException', async (error) => {
    log.error({}, `hfmd ends, by a bug of its own: ${error.stack?.replace(/\s+/g, ' ')}`);
    await exit(log, EXIT_FAILED);
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
