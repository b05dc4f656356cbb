import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAddress } from './stand-in/address.mjs';
import { keyOf } from './stand-in/address-list.mjs';
import { parseEndpoint } from './stand-in/endpoint.mjs';
import { withLock } from './stand-in/lock.mjs';
import { openStore, writeJson } from './stand-in/store.mjs';
import { entriesOf } from './stand-in/table-changes.mjs';
import { dropTables, findTable, flagsOf, newTable, putTable } from './stand-in/tables.mjs';

const MAIN = fileURLToPath(new URL('./stand-in/main.mjs', import.meta.url));

/**
 * Opens the pf of a test, whose memory is `folder`; seed.d.mts documents it. Everything here takes the
 * stand-in's lock, so it may run while a daemon calls pfctl.
 */
export function openPf(folder, { os = 'openbsd' } = {}) {
  mkdirSync(folder, { recursive: true });
  const env = { HFM_PF_OS: os, HFM_PF_STATE: folder };
  const command = writeCommand(folder, env);

  /**
   * @template T
   * @param {(store: import('./stand-in/store.mjs').Store) => T} work
   */
  const change = (work) =>
    withLock(folder, () => {
      const store = openStore(folder);
      const result = work(store);
      store.save();
      return result;
    });

  const pf = {
    folder,
    os,
    env,
    command,

    setTable(name, addresses, { anchor = '', ...flags } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const entries = addresses.map((address) => [canonical(address), now]);
      change((store) => {
        const table = { ...newTable(name, anchor), ...flags };
        putTable(store, { ...table, addresses: Object.fromEntries(entries) });
      });
    },
    removeTable(name, { anchor = '' } = {}) {
      change((store) => {
        dropTables(store, (table) => table.name !== name || table.anchor !== anchor);
      });
    },
    table(name, { anchor = '' } = {}) {
      const table = change((store) => findTable(store, name, anchor));
      return table && entriesOf(table).map(keyOf);
    },
    tables() {
      return change((store) =>
        store.read('tables').map((table) => ({
          name: table.name,
          anchor: table.anchor,
          flags: flagsOf(store, table),
        })),
      );
    },
    setReferences(names, { anchor = '' } = {}) {
      change((store) => {
        const rulesets = store.read('rulesets');
        const anchors = rulesets[anchor]?.anchors ?? [];
        store.write('rulesets', { ...rulesets, [anchor]: { references: [...names], anchors } });
      });
    },
    async load(text, { anchor } = {}) {
      const where = anchor === undefined ? [] : ['-a', anchor];
      const result = await pf.run([...where, '-f', '-'], { stdin: text });
      if (result.code !== 0) throw new Error(`pfctl -f - exited ${result.code}: ${result.stderr}`);
    },

    setStates(states) {
      change((store) => store.write('states', withIds([], states)));
    },
    addStates(states) {
      change((store) => store.write('states', withIds(store.read('states'), states)));
    },
    states: () => change((store) => store.read('states')),
    setSources(sources) {
      for (const source of sources) checkEndpoints(source);
      change((store) => store.write('sources', [...sources]));
    },
    sources: () => change((store) => store.read('sources')),

    setStatus(status) {
      change((store) => store.write('status', { ...store.read('status'), ...status }));
    },
    status: () => change((store) => store.read('status')),

    setFaults(...faults) {
      withLock(folder, () => {
        rmSync(join(folder, 'fault-counts.json'), { force: true });
        writeJson(join(folder, 'faults.json'), faults);
      });
    },
    clearFaults: () => pf.setFaults(),

    calls() {
      return withLock(folder, () =>
        linesOf(join(folder, 'calls.jsonl')).map((line) => JSON.parse(line)),
      );
    },
    clearCalls() {
      withLock(folder, () => rmSync(join(folder, 'calls.jsonl'), { force: true }));
    },

    run: (args, { stdin = '', env: more = {}, killAfterMs } = {}) =>
      run(command, args, { stdin, env: more, killAfterMs }),
  };
  return pf;
}

/**
 * Writes an executable pfctl that needs no environment: a daemon may start programs without one.
 * @param {string} folder
 * @param {Readonly<Record<string, string>>} env
 */
function writeCommand(folder, env) {
  const file = join(folder, 'pfctl');
  const settings = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`);
  const program = `${quoted(process.execPath)} ${quoted(MAIN)}`;
  const text = `#!/bin/sh\nulimit -c 0 2>/dev/null\n${settings.join(' ')} exec ${program} "$@"\n`;
  // Writing it again could make a concurrent call fail with "Text file busy".
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    writeFileSync(file, text, { mode: 0o755 });
  }
  return file;
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {string} word */
function canonical(word) {
  const parsed = parseAddress(word, 'openbsd');
  if (parsed.kind !== 'address') throw new Error(`"${word}" is no address`);
  return keyOf(parsed.address);
}

/**
 * @param {readonly import('./stand-in/state-lines.mjs').State[]} present
 * @param {readonly (Omit<import('./stand-in/state-lines.mjs').State, 'id'> & { id?: string })[]}
 *   added
 */
function withIds(present, added) {
  for (const state of added) checkEndpoints(state);
  let last = present.reduce((max, { id }) => Math.max(max, Number.parseInt(id.slice(0, 8), 16)), 0);
  const complete = added.map((state) => {
    if (state.id !== undefined) return { ...state, id: state.id };
    last += 1;
    return { ...state, id: `${last.toString(16).padStart(8, '0')}00000000` };
  });
  return [...present, ...complete];
}

/** @param {{ client?: string, vip?: string, backend?: string, node?: string }} entry */
function checkEndpoints({ client, vip, backend, node }) {
  for (const text of [client, vip, backend, node]) {
    if (text !== undefined) parseEndpoint(text);
  }
}

/** @param {string} file */
function linesOf(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ stdin: string, env: Record<string, string>, killAfterMs: number | undefined }} how
 */
function run(command, args, { stdin, env, killAfterMs }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env } });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (chunk) => {
        output[name] += chunk;
      });
    }
    // Ignores EPIPE: a call that fails early does not read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    const timer = killAfterMs && setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ...output, code, signal });
    });
  });
}
