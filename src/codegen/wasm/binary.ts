/** The binary format of WebAssembly modules (core specification, section 5): numbers in LEB128, sections, and function bodies. */

export type ValueType = "i32" | "f32" | "f64" | "v128";

const TYPE_CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function of the module: its locals follow the parameters. */
export interface FunctionCode {
  readonly type: FunctionType;
  readonly locals: readonly ValueType[];
  readonly body: Uint8Array;
}

export type Import = { readonly module: string; readonly name: string } & (
  | { readonly kind: "memory"; readonly pages: number; readonly maximumPages: number }
  | { readonly kind: "global"; readonly type: ValueType }
  | { readonly kind: "function"; readonly type: FunctionType }
);

export interface ModuleParts {
  readonly imports: readonly Import[];
  /** Imported functions are numbered before these. */
  readonly functions: readonly FunctionCode[];
  /** Functions of the table that `call_indirect` uses, by number. */
  readonly table: readonly number[];
  readonly exports: readonly { readonly name: string; readonly function: number }[];
}

/** An unsigned number in LEB128. */
export function unsigned(value: number): number[] {
  if (value < 0x80) return [value];
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A 32-bit number in signed LEB128; numbers from 2^31 on wrap around. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

const scratch = new DataView(new ArrayBuffer(16));

/** The four bytes of a single-precision number. */
export function singleBytes(value: number): number[] {
  scratch.setFloat32(0, value, true);
  return wordBytes(scratch.getInt32(0, true));
}

/** The four bytes of a 32-bit whole number. */
export function wordBytes(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff];
}

function vector(items: readonly (readonly number[])[]): number[] {
  const bytes = unsigned(items.length);
  for (const item of items) for (const byte of item) bytes.push(byte);
  return bytes;
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}

function functionType({ parameters, results }: FunctionType): number[] {
  const codes = (types: readonly ValueType[]) => vector(types.map((type) => [TYPE_CODES[type]]));
  return [0x60, ...codes(parameters), ...codes(results)];
}

/** Neighbouring locals of one type share an entry. */
function localEntries(locals: readonly ValueType[]): number[] {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return vector(runs.map(({ type, count }) => [...unsigned(count), TYPE_CODES[type]]));
}

type Bytes = Uint8Array | readonly number[];

/** The parts of a function in the code section; bodies are long, so that they are copied once only. */
function functionParts({ locals, body }: FunctionCode): readonly Bytes[] {
  const entries = localEntries(locals);
  return [unsigned(entries.length + body.length + 1), entries, body, [0x0b]];
}

/** Types by their encoding, each once. */
class TypeTable {
  readonly entries: number[][] = [];
  readonly #numbers = new Map<string, number>();

  number(type: FunctionType): number {
    const bytes = functionType(type);
    const key = bytes.join(" ");
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.entries.length);
    this.entries.push(bytes);
    return this.entries.length - 1;
  }
}

function importEntry(entry: Import, types: TypeTable): number[] {
  const name = [...text(entry.module), ...text(entry.name)];
  switch (entry.kind) {
    case "memory":
      // Flag 3: shared, with a maximum.
      return [...name, 0x02, 0x03, ...unsigned(entry.pages), ...unsigned(entry.maximumPages)];
    case "global":
      return [...name, 0x03, TYPE_CODES[entry.type], 0x00];
    case "function":
      return [...name, 0x00, ...unsigned(types.number(entry.type))];
  }
}

const SECTION = { type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10 } as const;

/** The bytes of a module. `indirectType` is the type that every function of the table has; its number is 0. */
export function encodeModule(parts: ModuleParts, indirectType: FunctionType): Uint8Array<ArrayBuffer> {
  const { imports, functions, table, exports } = parts;
  const types = new TypeTable();
  types.number(indirectType);
  const importEntries = imports.map((entry) => importEntry(entry, types));
  const functionEntries = functions.map(({ type }) => unsigned(types.number(type)));
  const pieces: Bytes[] = [[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]];
  const section = (id: number, ...content: Bytes[]) => {
    pieces.push([id, ...unsigned(totalLength(content))]);
    for (const piece of content) pieces.push(piece);
  };
  section(SECTION.type, vector(types.entries));
  section(SECTION.import, vector(importEntries));
  section(SECTION.function, vector(functionEntries));
  section(SECTION.table, vector([[0x70, 0x01, ...unsigned(table.length), ...unsigned(table.length)]]));
  section(
    SECTION.export,
    vector(exports.map((entry) => [...text(entry.name), 0x00, ...unsigned(entry.function)])),
  );
  section(SECTION.element, vector([[0x00, 0x41, 0x00, 0x0b, ...vector(table.map(unsigned))]]));
  section(SECTION.code, unsigned(functions.length), ...functions.flatMap(functionParts));
  const bytes = new Uint8Array(totalLength(pieces));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

function totalLength(pieces: readonly Bytes[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
