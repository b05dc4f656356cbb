/** The syntax tree of toml 5, which has the offset of each key; the package's index exports none. */
declare module 'toml/lib/parser.js' {
  interface TomlValueNode {
    readonly type: string;
    readonly offset: number;
    readonly value: unknown;
  }

  interface TomlStatement {
    readonly type: 'Assign' | 'ObjectPath' | 'ArrayPath';
    readonly offset: number;
    /** The dotted key; only an `Assign` has one. */
    readonly key?: readonly string[];
    /** The assigned value; for the other types the path in the header. */
    readonly value: TomlValueNode | readonly string[];
  }

  const parser: { parse(input: string): readonly TomlStatement[] };
  export default parser;
}
