/** The syntax tree of toml 5, which knows where each key stands; its index exports values only. */
declare module 'toml/lib/parser.js' {
  interface TomlValueNode {
    readonly type: string;
    readonly offset: number;
    readonly value: unknown;
  }

  interface TomlStatement {
    readonly type: 'Assign' | 'ObjectPath' | 'ArrayPath';
    readonly offset: number;
    /** Of an `Assign`: the dotted key, and what it is set to. */
    readonly key?: readonly string[];
    /** Of the others: the path in the header. */
    readonly value: TomlValueNode | readonly string[];
  }

  const parser: { parse(input: string): readonly TomlStatement[] };
  export default parser;
}
