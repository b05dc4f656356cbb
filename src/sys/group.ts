import { readFileSync } from 'node:fs';

/** The number of a group, from its number or from its name in group(5); null when it is unknown. */
export function groupId(group: string): number | null {
  if (/^\d+$/.test(group)) return Number(group);
  const lines = readFileSync('/etc/group', 'utf8').split('\n');
  const fields = lines.map((line) => line.split(':')).find(([name]) => name === group);
  const gid = Number(fields?.[2]);
  return fields === undefined || Number.isNaN(gid) ? null : gid;
}
