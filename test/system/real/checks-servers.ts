import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { whereIs } from '../../checks/bench.ts';

type Until = Pick<TestContext, 'onTestFinished'>;

/** A loopback address for this run alone, so its ports are free. */
export const ADDRESS = `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 256}.53`;

export interface Site {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string, mode?: number): string;
  /** Runs a server until the test ends, or until `kill`. */
  serve(program: string, args: readonly string[], how?: { asRoot?: boolean }): Served;
  /** Runs a program to its end; throws if it fails. */
  run(program: string, args: readonly string[]): string;
}

export interface Served {
  readonly child: ChildProcess;
  readonly output: string;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * A folder for servers. If the tests run as root, the servers run as `postgres`, a user of Debian's
 * package. PostgreSQL does not start as root, and that user has a shell, which sshd needs.
 */
export function openSite({ onTestFinished }: Until): Site {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-real-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const user = serverUser();
  const own = (path: string): void => {
    if (user !== null) chownSync(path, user.uid, user.gid);
  };
  own(folder);
  chmodSync(folder, 0o755);
  const env = { PATH: process.env.PATH ?? '', HOME: folder, LC_ALL: 'C' };
  const site: Site = {
    folder,
    path: (name) => join(folder, name),
    write(name, text, mode = 0o600) {
      writeFileSync(site.path(name), text, { mode });
      own(site.path(name));
      return site.path(name);
    },
    serve(program, args, { asRoot = false } = {}) {
      const child = spawn(program, args, {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(asRoot ? {} : user),
      });
      let output = '';
      for (const pipe of [child.stdout, child.stderr]) {
        pipe.setEncoding('utf8').on('data', (chunk: string) => {
          output = (output + chunk).slice(-8000);
        });
      }
      const ended = new Promise<void>((resolve) => {
        child.once('close', () => resolve());
        child.once('error', (error) => {
          output += String(error);
          resolve();
        });
      });
      const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
        child.kill(signal);
        await ended;
      };
      onTestFinished(() => kill());
      return {
        child,
        kill,
        get output() {
          return output;
        },
      };
    },
    run(program, args) {
      const { status, stdout, stderr, error } = spawnSync(program, args, {
        encoding: 'utf8',
        cwd: folder,
        env,
        ...user,
      });
      if (status !== 0)
        throw new Error(`${program} ${args.join(' ')}: ${error ?? stderr + stdout}`);
      return stdout;
    },
  };
  return site;
}

export function serverUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (option: string): number => {
    const { status, stdout } = spawnSync('id', [option, 'postgres'], { encoding: 'utf8' });
    if (status !== 0) throw new Error('there is no user postgres: install the package postgresql');
    return Number(stdout);
  };
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** PostgreSQL's server programs are not in Debian's PATH. */
export function postgresProgram(name: string): string {
  const root = '/usr/lib/postgresql';
  const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error(`there is no server in ${root}`);
  return join(root, newest, 'bin', name);
}

/** An sshd for the user that it runs as. The throw-away key `id` opens it. */
export function serveSsh(site: Site, port: number): Served {
  for (const name of ['host', 'id']) {
    site.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', site.path(name)]);
  }
  const config = site.write(
    'sshd.conf',
    `Port ${port}
ListenAddress ${ADDRESS}
HostKey ${site.path('host')}
AuthorizedKeysFile ${site.path('id.pub')}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
`,
  );
  return site.serve(whereIs('sshd'), ['-D', '-e', '-f', config]);
}

/** A web server that answers 200; closes with the test. */
export async function serveHttp(
  { onTestFinished }: Until,
  answer: Parameters<typeof createServer>[1] = (_, response) => response.end('hello\n'),
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(answer);
  return { server, port: await listen(server, { onTestFinished }) };
}

/** Listens on a free port of `ADDRESS` until the test ends. */
export async function listen(
  server: NetServer,
  { onTestFinished }: Until,
  port = 0,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, ADDRESS, resolve);
  });
  onTestFinished(() => void server.close());
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('bound to no port');
  return bound.port;
}
