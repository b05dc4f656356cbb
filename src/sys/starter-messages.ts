import type { ExecResult, ScriptRequest } from './exec.ts';

/** What hfmd is run with to be the process that starts scripts. */
export const STARTER_ARGUMENT = 'script-starter';

/** The signal does not travel: an abort is an order of its own. */
export type BareRequest = Omit<ScriptRequest, 'signal'>;

/** To the starter. */
export type Order =
  | { readonly id: number; readonly run: BareRequest }
  | { readonly id: number; readonly abort: true }
  | { readonly ping: true };

/** From the starter: that it is there, also when it is pinged; that a script runs; what became of it. */
export type Word =
  | { readonly here: true }
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly result: ExecResult };

/** Each message is a line of JSON. */
export function encode(message: Order | Word): string {
  return `${JSON.stringify(message)}\n`;
}

/** Takes text as it comes and hands out the messages; both ends are of one version and trust another. */
export function createDecoder<T extends Order | Word>(
  onMessage: (message: T) => void,
): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onMessage(JSON.parse(line) as T);
  };
}
