import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { groupId } from '../sys/group.ts';
import type { Log } from '../sys/log.ts';

export type SocketResult = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** The group of the socket where the configuration names none. */
const DEFAULT_GROUP = 'wheel';

/**
 * Binds the control socket for its owner and group only (0660). A stale socket is
 * removed; any other kind of file in its place is an error.
 */
export async function openSocket(
  server: Server,
  path: string,
  group: string | null,
  log: Log,
): Promise<SocketResult> {
  const gid = groupId(group ?? DEFAULT_GROUP);
  if (gid === null && group !== null) {
    return { ok: false, error: `daemon.socket_group: no group "${group}" on this system` };
  }
  try {
    const made = mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    if (made !== undefined && gid !== null) giveToGroup(dirname(path), gid, log);
    if (!(await clearStale(path))) return { ok: false, error: `another hfmd serves ${path}` };
  } catch (error) {
    return { ok: false, error: `${path}: ${(error as Error).message}` };
  }
  // The socket is made without rights for others: at no moment can they connect.
  const umask = process.umask(0o117);
  try {
    await listen(server, path);
  } catch (error) {
    return { ok: false, error: `${path}: ${(error as Error).message}` };
  } finally {
    process.umask(umask);
  }
  chmodSync(path, 0o660);
  if (gid !== null) giveToGroup(path, gid, log);
  return { ok: true };
}

/** Whether a process answers on the socket: then another hfmd runs there. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(2000);
    const settle = (served: boolean): void => {
      socket.destroy();
      resolve(served);
    };
    socket.on('connect', () => settle(true));
    // A process that listens and does not accept runs too.
    socket.on('timeout', () => settle(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== 'ENOTSOCK'),
    );
  });
}

/**
 * Removes a stale socket; false when the socket is served. It is renamed first: when two hfmds start
 * at once, neither can remove what the other has just bound.
 */
async function clearStale(path: string): Promise<boolean> {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return true;
  const aside = `${path}.${process.pid}`;
  if (await isServed(path)) return false;
  renameSync(path, aside);
  if (await isServed(aside)) {
    renameSync(aside, path);
    return false;
  }
  rmSync(aside);
  return true;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Only root or a member of the group may do this; otherwise the socket stays its owner's. */
function giveToGroup(path: string, gid: number, log: Log): void {
  try {
    chownSync(path, process.getuid?.() ?? -1, gid);
  } catch (error) {
    log.warn({ path, gid, error: (error as Error).message }, 'control socket keeps its group');
  }
}
