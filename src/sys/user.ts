import { readFileSync, statSync } from 'node:fs';

/** What a process may do, as the system sees it. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export function ownCredentials(): Credentials {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return { uid, gid, groups: process.getgroups?.() ?? [gid] };
}

/**
 * Of the user that a file belongs to, with what passwd(5) and group(5) give him; null when the file
 * is not there, or not to be seen.
 */
export function ownerOf(path: string): Credentials | null {
  try {
    const { uid, gid } = statSync(path);
    const user = entriesOf('/etc/passwd').find(([, , id]) => id === String(uid));
    if (user === undefined) return { uid, gid, groups: [gid] };
    const [name = '', , , own] = user;
    const others = entriesOf('/etc/group').filter(([, , , list = '']) =>
      list.split(',').includes(name),
    );
    const groups = [Number(own), ...others.map(([, , id]) => Number(id))];
    return { uid, gid: Number(own), groups: [...new Set(groups)] };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Who this process runs as. */
export function currentUser(): string {
  return userName(process.getuid?.() ?? 0);
}

/** The name, or the number where there is none. */
export function userName(uid: number): string {
  return entriesOf('/etc/passwd').find(([, , id]) => id === String(uid))?.[0] ?? String(uid);
}

/** Gives up root for another user, for good. Throws where that is not allowed. */
export function become({ uid, gid, groups }: Credentials): void {
  process.setgroups?.([...groups]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** Of passwd(5) or group(5), whose first fields are the same on every system. */
function entriesOf(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
}
