import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { projectFile } from '../docs/page.ts';
import { type Ended, openRig, type Rig } from '../system/harness.ts';
import { installTo, runAside, runToEnd, type System } from './artefact.ts';

/** An installed hfm and its service script, with stand-ins for rc.subr, su and daemon. */
export interface Service {
  readonly rig: Rig;
  /** The installed hfmd. */
  readonly program: string;
  /** `rcctl COMMAND hfmd` or `service hfmd COMMAND`. */
  control(command: string, shell?: readonly string[]): Promise<Ended>;
  /** The pid and the command line of each running hfmd. */
  running(): { pid: number; command: string }[];
  /** What hfmd printed for syslog. */
  syslog(): string;
  /** The programs that the script started, each with its user. */
  calls(): string;
  /** Adds a line to rc.conf or rc.conf.local. */
  set(line: string): void;
}

const RC = { OpenBSD: 'etc/rc.d/hfmd', FreeBSD: 'etc/rc.d/hfmd' } as const;
const RC_CONF = {
  OpenBSD: (config: string, user: string) => `hfmd_flags="-f ${config}"\nhfmd_user=${user}\n`,
  FreeBSD: (config: string, user: string) =>
    `hfmd_enable=YES\nhfmd_config=${config}\nhfmd_runas=${user}\n`,
} as const;

/** hfmd runs as the user that runs the tests. */
const USER = runToEnd(['id', '-un']).stdout.trim();

export function openService(context: TestContext, archive: string, system: System): Service {
  const rig = openRig(context, { os: system === 'OpenBSD' ? 'openbsd' : 'freebsd' });
  const { prefix, root } = installTo(archive, rig.folder, system);
  const script = rig.path('hfmd');
  const conf = rig.path('rc.conf');
  const [syslog, calls] = [rig.path('syslog'), rig.path('calls')];
  const standIns = writeStandIns(rig);
  const text = readFileSync(join(system === 'OpenBSD' ? root : prefix, RC[system]), 'utf8');
  writeFileSync(
    script,
    text
      .replace('/etc/rc.d/rc.subr', projectFile('test/release/stand-in/openbsd-rc.subr'))
      .replace('/etc/rc.subr', projectFile('test/release/stand-in/freebsd-rc.subr'))
      .replace('/usr/sbin/daemon', standIns.daemon)
      .replaceAll('/var/run', rig.folder),
  );
  writeFileSync(conf, RC_CONF[system](rig.configFile, USER));
  for (const file of [syslog, calls]) writeFileSync(file, '');
  const program = join(prefix, 'sbin/hfmd');
  return {
    rig,
    program,
    control: (command, shell = ['sh']) =>
      runAside([...shell, script, command], {
        PATH: `${standIns.folder}:${process.env.PATH}`,
        HFM_RC_CONF: conf,
        HFM_RC_SYSLOG: syslog,
        HFM_RC_CALLS: calls,
      }),
    running: () => processesOf(`${nodeLine(program)} ${program} `),
    syslog: () => readFileSync(syslog, 'utf8'),
    calls: () => readFileSync(calls, 'utf8'),
    set: (line) => writeFileSync(conf, `${line}\n`, { flag: 'a' }),
  };
}

/** The command that runs an installed program, as in its process: node with its options. */
export function nodeLine(program: string): string {
  const [first = '', second = ''] = readFileSync(program, 'utf8').split('\n', 2);
  if (first !== '#!/bin/sh') return first.replace(/^#!/, '');
  return /^":" \/\/; exec (.*) "\$0" "\$@"$/.exec(second)?.[1] ?? second;
}

/** The processes whose command begins with `begin`, without children that have not called exec yet. */
function processesOf(begin: string): { pid: number; command: string }[] {
  const lines = runToEnd(['ps', '-A', '-o', 'pid=,ppid=,args=']).stdout.split('\n');
  const all = lines.flatMap((line) => {
    const [, pid, parent, command = ''] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [];
    return command.startsWith(begin) ? [{ pid: Number(pid), parent: Number(parent), command }] : [];
  });
  return all.filter(({ parent }) => !all.some(({ pid }) => pid === parent));
}

/** Writes stand-ins for daemon(8) and su(1), which records the user and runs the command as the caller. */
function writeStandIns(rig: Rig): { folder: string; daemon: string } {
  const daemonProgram = projectFile('test/release/stand-in/daemon.mjs');
  if (!existsSync(daemonProgram)) throw new Error(`no ${daemonProgram}`);
  rig.script('su', 'echo "su $2 $4" >>"$HFM_RC_CALLS"; exec sh -c "$4"');
  const daemon = rig.script('daemon', `exec "${process.execPath}" "${daemonProgram}" "$@"`);
  return { folder: rig.folder, daemon };
}
