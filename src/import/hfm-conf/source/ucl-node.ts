/** A position in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A value of a UCL file, and where it begins. */
export type UclNode = UclObject | UclArray | UclScalar;

export interface UclObject {
  readonly kind: 'object';
  readonly at: Position;
  /** In the order of their first appearance. */
  readonly members: readonly UclMember[];
}

/** A key with its value; a repeated key has several, which libucl calls an implicit array. */
export interface UclMember {
  readonly key: string;
  readonly at: Position;
  readonly values: readonly [UclNode, ...UclNode[]];
}

export interface UclArray {
  readonly kind: 'array';
  readonly at: Position;
  readonly items: readonly UclNode[];
}

export type UclScalar =
  | { readonly kind: 'string'; readonly at: Position; readonly text: string }
  | UclNumber
  | {
      readonly kind: 'boolean';
      readonly at: Position;
      readonly value: boolean;
      readonly raw: string;
    }
  | { readonly kind: 'null'; readonly at: Position; readonly raw: string };

export interface UclNumber {
  readonly kind: 'number';
  readonly at: Position;
  /** The suffix is multiplied in; a time is in seconds. */
  readonly value: number;
  readonly unit: 'none' | 'size' | 'time';
  /** As it is written. */
  readonly raw: string;
}
