import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Os, openPf, type Pf } from './seed.mjs';
import { main } from './stand-in/pfctl.mjs';
import {
  asCommand,
  type Command,
  expand,
  normalised,
  type Seed,
  type Step,
  sessions,
  type TableEntry,
  tableEntries,
} from './transcript-entries.ts';

const root = mkdtempSync(join(tmpdir(), 'hfm-pf-transcripts-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const C_CONF = `table <web> persist { 10.9.9.1 10.9.9.2 10.9.9.3 }
rdr on vtnet0 inet proto tcp from any to any port 8080 -> <web> port 9000
pass all
`;

describe.concurrent('the stand-in answers a table command as recorded', () => {
  for (const entry of tableEntries) {
    test(`${entry.id}: ${entry.note}`, async () => {
      const pf = await afterPrecondition(entry);
      expect(await inProcess(pf, entry)).toEqual(answerOf(entry));
    });
  }
});

describe.concurrent('the stand-in answers a session with traffic as recorded', () => {
  for (const session of sessions) {
    test(session.id, async () => {
      const pf = machine(session.os, session.id);
      for (const step of session.steps) {
        seed(pf, step.seed);
        expect({ id: step.id, ...(await inProcess(pf, step)) }).toMatchObject({
          id: step.id,
          ...answerOf(step),
        });
      }
    });
  }
});

describe('the stand-in as a process answers as recorded', () => {
  for (const entry of oneOfEachKind(tableEntries)) {
    test.concurrent(entry.id, async () => {
      const pf = await afterPrecondition(entry, 'process');
      const { args, stdin } = expand(entry, pf.folder);
      const { stdout, stderr, code, signal } = await pf.run(args, { stdin });
      const status = signal === 'SIGTRAP' ? 128 + 5 : code;
      expect({
        stdout: normalised(stdout),
        stderr: normalised(stderr),
        exit_code: status,
      }).toEqual(answerOf(entry));
    });
  }
});

function machine(os: Os, name: string): Pf {
  const pf = openPf(join(root, name), { os });
  writeFileSync(join(pf.folder, 'list'), '10.0.0.50\n10.0.0.51\n');
  writeFileSync(join(pf.folder, 'c.conf'), C_CONF);
  return pf;
}

async function afterPrecondition(entry: TableEntry, suffix = ''): Promise<Pf> {
  const pf = machine(entry.os, entry.id + suffix);
  if (entry.id.startsWith('obsd-securelevel2')) pf.setStatus({ securelevel: 2 });
  for (const command of entry.precondition) await inProcess(pf, asCommand(command));
  // In the recorded machine pf had been enabled for a while: without that there are no rates.
  if (entry.id === 'obsd-info-split') {
    pf.setStatus({ since: Math.floor(Date.now() / 1000) - 3600 });
  }
  if (entry.user === 'nobody') pf.setFaults({ fault: 'permission' });
  // The recorded command named a missing device by -p.
  if (entry.id === 'fbsd-read-dev-missing') pf.setFaults({ fault: 'missing-device' });
  return pf;
}

async function inProcess(pf: Pf, command: Command) {
  const { args, stdin } = expand(command, pf.folder);
  const { stdout, stderr, code, ending } = await main(args, stdin, pf.env);
  return {
    stdout: normalised(stdout),
    stderr: normalised(stderr),
    exit_code: ending.kind === 'signal' ? 128 + 5 : code,
  };
}

function answerOf({ stdout, stderr, exit_code }: Pick<Step, 'stdout' | 'stderr' | 'exit_code'>) {
  return {
    ...(stdout !== undefined && { stdout: normalised(stdout) }),
    ...(stderr !== undefined && { stderr: normalised(stderr) }),
    exit_code,
  };
}

function seed(pf: Pf, { states, sources, stateCount, status }: Seed = {}): void {
  if (states) pf.setStates(states);
  if (sources) pf.setSources(sources);
  if (stateCount !== undefined) {
    const state = { direction: 'in', client: '10.0.2.2:1', backend: '10.0.0.1:80' } as const;
    pf.setStates(Array.from({ length: stateCount }, () => state));
  }
  if (status) {
    const { sinceAgoS, ...rest } = status;
    pf.setStatus({ ...rest, since: Math.floor(Date.now() / 1000) - sinceAgoS });
  }
}

/** One entry for each system, command, set of options and exit status. */
function oneOfEachKind(entries: readonly TableEntry[]): TableEntry[] {
  const kinds = new Map<string, TableEntry>();
  for (const entry of entries) {
    const options = entry.argv.filter((word) => /^-\D/.test(word)).sort();
    const command = entry.argv[entry.argv.indexOf('-T') + 1];
    kinds.set([entry.os, command, ...options, entry.exit_code].join(' '), entry);
  }
  return [...kinds.values()];
}
