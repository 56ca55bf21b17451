/**
 * Instructions as typed functions over values: `f32x4.add(a, b)` is the code that leaves a + b on the stack. Opcodes as in the core specification
 * (sections 5.4 and 6), with those of threads and relaxed SIMD. A value that is used twice is kept in a local (see function.ts).
 */
import { at } from "../../base/invariant.ts";
import type { ValueType } from "./binary.ts";
import { signed, singleBytes, unsigned, wordBytes } from "./binary.ts";

/** Code that pushes one value. Long lists of numbers are joined by `concat`, which is faster than spreading them. */
export interface Value<Type extends ValueType = ValueType> {
  readonly type: Type;
  readonly code: readonly number[];
  /** Reads a local that never changes. */
  readonly isFixed?: true;
}

export type I32 = Value<"i32">;
export type F32 = Value<"f32">;
export type V128 = Value<"v128">;

type One<A extends ValueType, R extends ValueType> = (a: Value<A>) => Value<R>;
type Two<A extends ValueType, B extends ValueType, R extends ValueType> = (
  a: Value<A>,
  b: Value<B>,
) => Value<R>;

function one<A extends ValueType, R extends ValueType>(type: R, ...opcode: number[]): One<A, R> {
  return (a) => ({ type, code: a.code.concat(opcode) });
}

function two<A extends ValueType, B extends ValueType, R extends ValueType>(
  type: R,
  ...opcode: number[]
): Two<A, B, R> {
  return (a, b) => ({ type, code: a.code.concat(b.code, opcode) });
}

/** Opcodes with the prefix of vector instructions. */
function simd(opcode: number): number[] {
  return [0xfd, ...unsigned(opcode)];
}

const i32i32 = (opcode: number) => two<"i32", "i32", "i32">("i32", opcode);
const f32f32 = (opcode: number) => two<"f32", "f32", "f32">("f32", opcode);
const compared = (opcode: number) => two<"f32", "f32", "i32">("i32", opcode);
const vector1 = (opcode: number) => one<"v128", "v128">("v128", ...simd(opcode));
const vector2 = (opcode: number) => two<"v128", "v128", "v128">("v128", ...simd(opcode));
const shifted = (opcode: number) => two<"v128", "i32", "v128">("v128", ...simd(opcode));

/** Alignment exponent and offset of an access; all accesses are aligned to 4 bytes at least. */
function place(offset: number, alignment = 2): number[] {
  return [alignment, ...unsigned(offset)];
}

function load<R extends ValueType>(type: R, ...opcode: number[]) {
  return (address: I32, offset = 0): Value<R> => {
    const [base, shift] = reach(address, offset);
    return { type, code: base.code.concat(opcode, place(shift)) };
  };
}

/** Offsets of accesses are unsigned: what lies before the address becomes part of it. */
export function reach(address: I32, offset: number): readonly [I32, number] {
  return offset >= 0 ? [address, offset] : [i32.add(address, i32.constant(offset)), 0];
}

/** Code that leaves nothing on the stack. */
export type Statement = readonly number[];

function store<A extends ValueType>(...opcode: number[]) {
  return (address: I32, value: Value<A>, offset = 0): Statement => {
    const [base, shift] = reach(address, offset);
    return base.code.concat(value.code, opcode, place(shift));
  };
}

export const i32 = {
  constant: (value: number): I32 => ({ type: "i32", code: [0x41, ...signed(value)] }),
  load: load("i32", 0x28),
  store: store<"i32">(0x36),
  eqz: one<"i32", "i32">("i32", 0x45),
  eq: i32i32(0x46),
  ne: i32i32(0x47),
  lt: i32i32(0x48),
  ltUnsigned: i32i32(0x49),
  gt: i32i32(0x4a),
  le: i32i32(0x4c),
  ge: i32i32(0x4e),
  add: i32i32(0x6a),
  sub: i32i32(0x6b),
  mul: i32i32(0x6c),
  div: i32i32(0x6d),
  divUnsigned: i32i32(0x6e),
  rem: i32i32(0x6f),
  remUnsigned: i32i32(0x70),
  and: i32i32(0x71),
  or: i32i32(0x72),
  xor: i32i32(0x73),
  shl: i32i32(0x74),
  shrUnsigned: i32i32(0x76),
  /** Towards zero; what does not fit becomes the nearest number, NaN becomes 0. */
  truncate: one<"f32", "i32">("i32", 0xfc, 0x00),
  select: (condition: I32, whenTrue: I32, whenFalse: I32): I32 => ({
    type: "i32",
    code: whenTrue.code.concat(whenFalse.code, condition.code, 0x1b),
  }),
};

export const f32 = {
  constant: (value: number): F32 => ({ type: "f32", code: [0x43, ...singleBytes(value)] }),
  load: load("f32", 0x2a),
  store: store<"f32">(0x38),
  eq: compared(0x5b),
  ne: compared(0x5c),
  lt: compared(0x5d),
  gt: compared(0x5e),
  le: compared(0x5f),
  abs: one<"f32", "f32">("f32", 0x8b),
  neg: one<"f32", "f32">("f32", 0x8c),
  floor: one<"f32", "f32">("f32", 0x8e),
  nearest: one<"f32", "f32">("f32", 0x90),
  sqrt: one<"f32", "f32">("f32", 0x91),
  add: f32f32(0x92),
  sub: f32f32(0x93),
  mul: f32f32(0x94),
  div: f32f32(0x95),
  min: f32f32(0x96),
  max: f32f32(0x97),
  convert: one<"i32", "f32">("f32", 0xb2),
  select: (condition: I32, whenTrue: F32, whenFalse: F32): F32 => ({
    type: "f32",
    code: whenTrue.code.concat(whenFalse.code, condition.code, 0x1b),
  }),
};

function lane<R extends ValueType>(type: R, opcode: number) {
  const prefixed = simd(opcode);
  return (vector: V128, index: number): Value<R> => ({ type, code: vector.code.concat(prefixed, index) });
}

const CONSTANT_VECTOR = simd(0x0c);

function constantVector(words: readonly (readonly number[])[]): V128 {
  return { type: "v128", code: CONSTANT_VECTOR.concat(...words) };
}

/** One number in all four lanes. Kernels name the same few again and again. */
function constantSplat(bytes: (value: number) => readonly number[]): (value: number) => V128 {
  const made = new Map<number, V128>();
  return (value) => {
    // A map does not tell the two zeros apart.
    let vector = Object.is(value, -0) ? undefined : made.get(value);
    if (vector === undefined) {
      const word = bytes(value);
      vector = constantVector([word, word, word, word]);
      if (!Object.is(value, -0)) made.set(value, vector);
    }
    return vector;
  };
}

const singleSplat = constantSplat(singleBytes);
const wordSplat = constantSplat(wordBytes);

const SHUFFLE = simd(0x0d);

/** The bytes of the words of two vectors: 0 to 3 of the first one, 4 to 7 of the second. */
const WORDS: readonly (readonly number[])[] = Array.from({ length: 8 }, (_, word) => [
  word * 4,
  word * 4 + 1,
  word * 4 + 2,
  word * 4 + 3,
]);

const SELECT = simd(0x52);
const LOAD_LANE = simd(0x56);
const STORE_LANE = simd(0x5a);
const STORE_LOW_HALF = simd(0x5b);

export const v128 = {
  load: load("v128", ...simd(0x00)),
  /** One number in all four lanes. */
  loadSplat: load("v128", ...simd(0x09)),
  store: store<"v128">(...simd(0x0b)),
  /** `vector` with one lane from memory. */
  loadLane: (address: I32, vector: V128, index: number, offset = 0): V128 => {
    const [base, shift] = reach(address, offset);
    return { type: "v128", code: base.code.concat(vector.code, LOAD_LANE, place(shift), index) };
  },
  /** Stores one lane. */
  storeLane: (address: I32, vector: V128, index: number, offset = 0): Statement => {
    const [base, shift] = reach(address, offset);
    return base.code.concat(vector.code, STORE_LANE, place(shift), index);
  },
  /** Stores lanes 0 and 1. */
  storeLowHalf: (address: I32, vector: V128, offset = 0): Statement => {
    const [base, shift] = reach(address, offset);
    return base.code.concat(vector.code, STORE_LOW_HALF, place(shift), 0);
  },
  /** Takes whole words of two vectors. */
  shuffle: (a: V128, b: V128, words: readonly [number, number, number, number]): V128 => ({
    type: "v128",
    code: a.code.concat(b.code, SHUFFLE, ...words.map((word) => at(WORDS, word))),
  }),
  not: vector1(0x4d),
  and: vector2(0x4e),
  /** a and not b */
  andNot: vector2(0x4f),
  or: vector2(0x50),
  xor: vector2(0x51),
  /** Bit for bit: where `mask` is set `whenSet`, elsewhere `whenClear`. */
  select: (mask: V128, whenSet: V128, whenClear: V128): V128 => ({
    type: "v128",
    code: whenSet.code.concat(whenClear.code, mask.code, SELECT),
  }),
  anyTrue: one<"v128", "i32">("i32", ...simd(0x53)),
};

export const i32x4 = {
  constant: (a: number, b = a, c = a, d = a): V128 =>
    a === b && a === c && a === d ? wordSplat(a) : constantVector([a, b, c, d].map(wordBytes)),
  splat: one<"i32", "v128">("v128", ...simd(0x11)),
  lane: lane("i32", 0x1b),
  replaceLane: (vector: V128, index: number, value: I32): V128 => ({
    type: "v128",
    code: [...vector.code, ...value.code, ...simd(0x1c), index],
  }),
  eq: vector2(0x37),
  lt: vector2(0x39),
  gt: vector2(0x3b),
  le: vector2(0x3d),
  abs: vector1(0xa0),
  neg: vector1(0xa1),
  allTrue: one<"v128", "i32">("i32", ...simd(0xa3)),
  shl: shifted(0xab),
  shr: shifted(0xac),
  shrUnsigned: shifted(0xad),
  add: vector2(0xae),
  sub: vector2(0xb1),
  mul: vector2(0xb5),
  min: vector2(0xb6),
  max: vector2(0xb8),
  /** Towards zero; what does not fit becomes the nearest number, NaN becomes 0. */
  truncate: vector1(0xf8),
};

const RELAXED_MULTIPLY_ADD = simd(0x105);

export const f32x4 = {
  constant: singleSplat,
  splat: one<"f32", "v128">("v128", ...simd(0x13)),
  lane: lane("f32", 0x1f),
  eq: vector2(0x41),
  ne: vector2(0x42),
  lt: vector2(0x43),
  gt: vector2(0x44),
  le: vector2(0x45),
  ge: vector2(0x46),
  floor: vector1(0x68),
  nearest: vector1(0x6a),
  abs: vector1(0xe0),
  neg: vector1(0xe1),
  sqrt: vector1(0xe3),
  add: vector2(0xe4),
  sub: vector2(0xe5),
  mul: vector2(0xe6),
  div: vector2(0xe7),
  /** These keep a NaN of either operand. */
  min: vector2(0xe8),
  max: vector2(0xe9),
  /** Single instructions: b where b is beyond a, else a. They keep a NaN of the first operand. */
  pmin: vector2(0xea),
  pmax: vector2(0xeb),
  convert: vector1(0xfa),
  /** a * b + c, rounded once or twice as the machine likes (relaxed SIMD). */
  relaxedMultiplyAdd: (a: V128, b: V128, c: V128): V128 => ({
    type: "v128",
    code: a.code.concat(b.code, c.code, RELAXED_MULTIPLY_ADD),
  }),
};

/** Atomic accesses of 32-bit words. */
export const atomic = {
  notify: (address: I32, count: I32, offset = 0): I32 => ({
    type: "i32",
    code: [...address.code, ...count.code, 0xfe, 0x00, ...place(offset)],
  }),
  /** Sleeps while the word has this value, for so many nanoseconds at most. */
  wait: (address: I32, expected: I32, nanoseconds: number, offset = 0): I32 => ({
    type: "i32",
    code: [...address.code, ...expected.code, 0x42, ...signed(nanoseconds), 0xfe, 0x01, ...place(offset)],
  }),
  load: (address: I32, offset = 0): I32 => ({
    type: "i32",
    code: [...address.code, 0xfe, 0x10, ...place(offset)],
  }),
  store: (address: I32, value: I32, offset = 0): Statement => [
    ...address.code,
    ...value.code,
    0xfe,
    0x17,
    ...place(offset),
  ],
  /** Adds and gives the old value. */
  add: (address: I32, value: I32, offset = 0): I32 => ({
    type: "i32",
    code: [...address.code, ...value.code, 0xfe, 0x1e, ...place(offset)],
  }),
};
