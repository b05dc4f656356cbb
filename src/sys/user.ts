import { readFileSync, statSync } from 'node:fs';

/** The user and the groups of a process. */
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
 * The user that owns a file, with the groups of passwd(5) and group(5); null when the file is missing
 * or can't be accessed.
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

/** The name of the user that this process runs as. */
export function currentUser(): string {
  return userName(process.getuid?.() ?? 0);
}

/** A user's name, or the number when passwd(5) has no name. */
export function userName(uid: number): string {
  return entriesOf('/etc/passwd').find(([, , id]) => id === String(uid))?.[0] ?? String(uid);
}

/** Changes from root to another user, for good. Throws when the system does not allow it. */
export function become({ uid, gid, groups }: Credentials): void {
  process.setgroups?.([...groups]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** The lines of passwd(5) or group(5) by field. The first fields are the same on every system. */
function entriesOf(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
}
