import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StatusJson } from '../src/protocol/protocol.ts';

const HFMD = fileURLToPath(new URL('../sbin/hfmd', import.meta.url));
const HFMCTL = fileURLToPath(new URL('../sbin/hfmctl', import.meta.url));

/** The real hfmd and hfmctl, run as processes. */
export interface Programs {
  startHfmd(): ChildProcess;
  hfmctl(...args: string[]): Promise<Ran>;
  status(): Promise<StatusJson>;
}

interface Ran {
  readonly code: number;
  readonly output: string;
}

export function programsFor(config: string, socket: string): Programs {
  const hfmctl = (...args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      execFile(process.execPath, [HFMCTL, '-s', socket, ...args], (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output: stdout + stderr });
      });
    });
  return {
    startHfmd: () =>
      spawn(process.execPath, [HFMD, '-d', '-f', config], { stdio: ['ignore', 'pipe', 'inherit'] }),
    hfmctl,
    async status() {
      const { output } = await hfmctl('status', '--json');
      return JSON.parse(output) as StatusJson;
    },
  };
}
