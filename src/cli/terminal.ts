/** Everything outside hfmctl that its commands use. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether to print colours. */
  readonly colours: boolean;
  wallMs(): number;
  /** For durations: this clock never steps. */
  monotonicMs(): number;
  /** The name of the user who runs this command. */
  readonly user: string | null;
  /** Until `release`, Ctrl-C does not end the program. */
  catchInterrupts(): Interrupts;
}

export interface Interrupts {
  readonly interrupted: boolean;
  /** Resolves after `ms`, or at once when Ctrl-C comes. */
  pause(ms: number): Promise<void>;
  release(): void;
}

export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 };

export function paint(terminal: Terminal, colour: Colour, text: string): string {
  return terminal.colours ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
