import { parseArgs } from 'node:util';
import { parseAddress } from '../../core/address.ts';
import type { CheckDraft } from '../draft/check-draft.ts';

/** Reads nc(1) with -z, a numeric address and one port: it only connects. Null for anything else. */
export function readTcpTest(argv: readonly string[]): CheckDraft | null {
  const [program = '', ...args] = argv;
  if (!/^(?:.*\/)?nc$/.test(program)) return null;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        zero: { type: 'boolean', short: 'z' },
        numeric: { type: 'boolean', short: 'n' },
        verbose: { type: 'boolean', short: 'v' },
        ipv4: { type: 'boolean', short: '4' },
        ipv6: { type: 'boolean', short: '6' },
        wait: { type: 'string', short: 'w' },
      },
    });
    const [target = '', port = '', ...more] = positionals;
    const address = parseAddress(target);
    const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
    const waitMs = values.wait === undefined ? null : Number(values.wait) * 1000;
    const isTime = waitMs === null || (Number.isFinite(waitMs) && waitMs > 0);
    if (values.zero !== true || !address.ok || !isPort || !isTime || more.length > 0) return null;
    return {
      name: `tcp-${port}`,
      keys: { type: 'tcp', port: Number(port) },
      address: address.address,
      limitMs: waitMs,
      remarks: [],
    };
  } catch {
    // node:util throws for an option that is not in the list: a tcp check can't replace that.
    return null;
  }
}
