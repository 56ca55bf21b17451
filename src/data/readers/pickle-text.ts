/** Numbers and texts as the text opcodes of pickle protocol 0 spell them. */

/** As a number where it is exact. */
export function wholeNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Escapes of the text opcode V: `\uXXXX` and `\UXXXXXXXX`, everything else as it stands. */
export function rawUnicode(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, short, long) => {
    const code = Number.parseInt(String(short ?? long), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : String(whole);
  });
}

const ESCAPES: Readonly<Record<string, number>> = {
  "\\": 92,
  "'": 39,
  '"': 34,
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/** Bytes with the escapes of a Python string literal; null if one is unknown. */
export function unescapeBytes(bytes: Uint8Array): Uint8Array | null {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    let byte = bytes[index] as number;
    if (byte === 92) {
      const letter = String.fromCharCode(bytes[++index] ?? 0);
      const code = ESCAPES[letter];
      if (letter === "x") {
        const digits = String.fromCharCode(bytes[index + 1] ?? 0, bytes[index + 2] ?? 0);
        if (!/^[0-9a-fA-F]{2}$/.test(digits)) return null;
        byte = Number.parseInt(digits, 16);
        index += 2;
      } else if (code === undefined) return null;
      else byte = code;
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
