import type { BackendConfig } from '../config/config.ts';

/** Reads the addresses of this node that CARP moves from node to node. */
export type CarpAddresses = () => Promise<ReadonlySet<string>>;

/** Warns of checks whose `source` only the CARP master can use. */
export async function auditSources(
  carpAddresses: CarpAddresses,
  backends: readonly BackendConfig[],
): Promise<string[]> {
  const used = backends.flatMap(({ checks }) =>
    checks.flatMap((check) =>
      check.source === null ? [] : [{ check: check.name, source: check.source }],
    ),
  );
  if (used.length === 0) return [];
  const moving = await carpAddresses();
  const warnings = used
    .filter(({ source }) => moving.has(source))
    .map(
      ({ check, source }) =>
        `check ${check}: its source ${source} is a CARP address, and on the backup the answers ` +
        "go to the master; use one of this node's own",
    );
  return [...new Set(warnings)];
}
