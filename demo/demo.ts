import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Backend, startBackend } from './backend.ts';
import { demoConfig } from './config.ts';
import { type Programs, programsFor } from './programs.ts';

/** The demo ends by then, also on a slow machine; the build before it does not count. */
const TIME_LIMIT_MS = 29_000;

const keep = process.argv.includes('--keep');
const folder = await mkdtemp(join(tmpdir(), 'hfm-demo-'));
const config = join(folder, 'hfm.toml');
const socket = join(folder, 'hfm.sock');
const backends = await Promise.all(['lb1', 'lb2', 'lb3'].map(startBackend));
const good = demoConfig(folder, backends);
await writeFile(config, good);
const programs = programsFor(config, socket);
const hfmd = programs.startHfmd();
const log: string[] = [];
hfmd.stdout?.setEncoding('utf8').on('data', (text: string) => log.push(text));

const limit = setTimeout(
  () => void finish(new Error(`not done within ${TIME_LIMIT_MS / 1000} s`)),
  TIME_LIMIT_MS,
);
process.on('SIGINT', () => void finish(null));
try {
  await play(programs, backends);
  if (keep) leaveRunning();
  else await finish(null);
} catch (error) {
  await finish(error as Error);
}

/** Does what a person would do with two terminals. */
async function play({ hfmctl, status }: Programs, [lb1, lb2]: Backend[]): Promise<void> {
  if (lb1 === undefined || lb2 === undefined) throw new Error('no backends');
  const inTable = async (): Promise<string[]> => [...((await status()).pools[0]?.actual ?? [])];

  print('hfmd runs with tables in memory. Three backends answer on 127.0.0.1.');
  print('The table has 10.0.0.1 to 10.0.0.3 for them, since it can hold 127.0.0.1 only once.');
  await until('all three are in the table', async () => (await inTable()).length === 3);
  show('hfmctl status', (await expectCode(hfmctl('status'), 0)).output);

  print('Kill lb1.');
  const before = Date.now();
  await lb1.kill();
  await until('lb1 has left the table', async () => !(await inTable()).includes('10.0.0.1'));
  const event = await removalOf('10.0.0.1', hfmctl);
  print(`lb1 left the table ${event - before} ms after it died.`);
  show('hfmctl status', (await expectCode(hfmctl('status'), 1)).output);

  print('Start lb1 again.');
  await lb1.revive();
  await until('lb1 is in the table again', async () => (await inTable()).includes('10.0.0.1'));

  print('Drain lb2, as before a reload of haproxy.');
  const drained = await expectCode(
    hfmctl('drain', 'lb2', '--wait', '--reason', 'haproxy reload', '--for', '10m'),
    0,
  );
  show('hfmctl drain lb2 --wait --reason "haproxy reload" --for 10m', drained.output);
  await until('lb2 is out of the table', async () => !(await inTable()).includes('10.0.0.2'));
  show('hfmctl tables', (await expectCode(hfmctl('tables'), 0)).output);

  print('Make lb2 ready again.');
  show('hfmctl ready lb2', (await expectCode(hfmctl('ready', 'lb2'), 0)).output);
  await until('lb2 is in the table again', async () => (await inTable()).includes('10.0.0.2'));

  print('Break the configuration and reload it.');
  await writeFile(config, good.replace('rise =', 'rize =').replace('"10.0.0.3"', '"lb3.example"'));
  const refused = await expectCode(hfmctl('reload'), 1);
  show('hfmctl reload', refused.output.replaceAll(`${folder}/`, ''));
  await until('the tables have not changed', async () => (await inTable()).length === 3);
  await writeFile(config, good);

  show('hfmctl events', (await expectCode(hfmctl('events'), 0)).output);
}

/** The wall time at which hfmd removed the address, by its event. */
async function removalOf(address: string, hfmctl: Programs['hfmctl']): Promise<number> {
  const { output } = await hfmctl('events', '--json');
  const events = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { at: string; removed?: string[] });
  const removal = events.findLast(({ removed }) => removed?.includes(address));
  if (removal === undefined) throw new Error(`no event says that ${address} was removed`);
  return Date.parse(removal.at);
}

async function expectCode<R extends { code: number; output: string }>(
  ran: Promise<R>,
  code: number,
): Promise<R> {
  const result = await ran;
  if (result.code === code) return result;
  throw new Error(`exit status ${result.code}, expected ${code}:\n${result.output}`);
}

async function until(what: string, test: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 8000;
  for (;;) {
    if (hfmd.exitCode !== null) throw new Error(`hfmd exited with ${hfmd.exitCode}`);
    // hfmd may not listen yet.
    if (await test().catch(() => false)) return print(`  ok: ${what}`);
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function leaveRunning(): void {
  clearTimeout(limit);
  print('hfmd and the backends run until Ctrl-C. Try:');
  print(`  dist/sbin/hfmctl -s ${socket} status`);
  print(`  curl --unix-socket ${socket} http://hfmd/v1/status`);
  print(`The configuration is ${config}`);
}

async function finish(error: Error | null): Promise<void> {
  clearTimeout(limit);
  await stop(hfmd);
  await Promise.all(backends.map((backend) => backend.kill()));
  await rm(folder, { recursive: true, force: true });
  if (error !== null) {
    process.stderr.write(`the demo failed: ${error.message}\n\nthe log of hfmd:\n${log.join('')}`);
    process.exit(1);
  }
  print('hfmd has stopped. A real pf table would stay as it is.');
  if (!keep) print('To try hfmctl yourself: npm run demo -- --keep');
  process.exit(0);
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function show(command: string, output: string): void {
  process.stdout.write(`\n$ ${command}\n${output.replace(/^(?=.)/gm, '  ')}\n`);
}
