/** What the CLI knows of the world around it. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether stdout shows colours. */
  readonly colours: boolean;
  wallMs(): number;
  sleep(ms: number): Promise<void>;
  /** Who runs this command, as the shell would say it. */
  readonly user: string | null;
  /** Calls `listener` at Ctrl-C instead of ending, until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
}

export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 };

export function paint(terminal: Terminal, colour: Colour, text: string): string {
  return terminal.colours ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
