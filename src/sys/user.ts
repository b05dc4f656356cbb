import { readFileSync, statSync } from 'node:fs';

/** An entry of passwd(5), which has the same first fields on every system. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Whom a file belongs to; null when it is not there, or its owner has no entry. */
export function ownerOf(path: string): User | null {
  const uid = statSync(path, { throwIfNoEntry: false })?.uid;
  return uid === undefined ? null : userById(uid);
}

/** Who this process runs as: a name, or a number where passwd(5) has none. */
export function currentUser(): string {
  const uid = process.getuid?.() ?? 0;
  return userById(uid)?.name ?? String(uid);
}

function userById(uid: number): User | null {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name = '', , id, gid] = line.split(':');
    if (id === String(uid)) return { name, uid, gid: Number(gid) };
  }
  return null;
}

/** Gives up root for another user, for good. Throws where that is not allowed. */
export function become({ uid, gid }: User): void {
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
