/** Untrusted text as one printable line: no control or direction characters, at most `maxChars`. */
export function oneLine(text: string, maxChars: number): string {
  const printable = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const chars = [...printable];
  return chars.length <= maxChars ? printable : `${chars.slice(0, maxChars - 3).join('')}...`;
}

/** The beginning of what a peer sent, in quotes: `"220 mail.example.org ESMTP"`. */
export function quoteExcerpt(bytes: Uint8Array): string {
  // A character of UTF-8 has at most four bytes. The rest of a large answer is not decoded.
  const head = bytes.subarray(0, EXCERPT_CHARS * 4);
  return `"${oneLine(new TextDecoder().decode(head), EXCERPT_CHARS)}"`;
}

const EXCERPT_CHARS = 80;
