/** The pickle reader and the readers of .npy and .npz on streams put together by hand. */

import { crc32, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { npzParts } from "../../src/data/layout/arrays.ts";
import { allNumbers, allTexts } from "../../src/data/readers/array.ts";
import { latin1Bytes, memoryBytes } from "../../src/data/readers/bytes.ts";
import { parseNpy } from "../../src/data/readers/npy.ts";
import { parsePickle } from "../../src/data/readers/pickle.ts";
import type { PyValue } from "../../src/data/readers/pickle-values.ts";
import { problemsOf, put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const latin = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const read = (stream: string) => parsePickle("file.pkl", memoryBytes(latin(stream))).value;

/** Values as plain data, for comparison. */
function plain(value: PyValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value.kind === "dict") return new Map([...value.entries].map(([key, item]) => [key, plain(item)]));
  if (value.kind === "list" || value.kind === "tuple" || value.kind === "set") return value.items.map(plain);
  if (value.kind === "bytes") return Buffer.from(value.bytes.read(0, value.bytes.length)).toString("latin1");
  if (value.kind === "array" && value.array !== null)
    return value.array.isText ? allTexts(value.array) : [...allNumbers(value.array)];
  return value;
}

/** An array as NumPy pickles it with protocol 2. */
function array(code: string, order: string, shape: string, columnMajor: boolean, bytes: string): string {
  const length = String.fromCharCode(bytes.length, 0, 0, 0);
  return `\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01${shape}cnumpy\ndtype\nU\x02${code}K\x00K\x01\x87R(K\x03U\x01${order}NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb${columnMajor ? "\x88" : "\x89"}T${length}${bytes}tb.`;
}

describe("pickles", () => {
  it("protocol 0: marks, memo, numbers and escapes in text", () => {
    expect(
      plain(
        read(
          "(dp0\nS'a\\x41\\'\\n'\np1\n(lp2\nI1\naI01\naF2.5\naL12345678901234567890L\naNasg1\nV\\u00e9\ns.",
        ),
      ),
    ).toEqual(new Map<string, unknown>([["aA'\n", "é"]]));
    expect(plain(read("(lp0\nI1\naI01\naF-2.5\naFinf\naL12345678901234567890L\naNa."))).toEqual([
      1,
      true,
      -2.5,
      Infinity,
      12345678901234567890n,
      null,
    ]);
  });

  it("numbers of every width, and containers of every kind", () => {
    expect(
      plain(
        read(
          "\x80\x04](K\xffM\x01\x02J\xfe\xff\xff\xff\x8a\x02\x00\xff\x8a\x00G\x3f\xf0\x00\x00\x00\x00\x00\x00\x88\x89)\x8f(K\x01\x90K\x01K\x02\x86e.",
        ),
      ),
    ).toEqual([255, 513, -2, -256, 0, 1, true, false, [], [1], [1, 2]]);
  });

  it("arrays: byte order, column-major order, halves, texts", () => {
    expect(plain(read(array("f4", ">", "K\x02\x85", false, "\x3f\x80\x00\x00\xc0\x00\x00\x00")))).toEqual([
      1, -2,
    ]);
    expect(
      plain(
        read(array("i2", "<", "K\x02K\x03\x86", true, "\x01\x00\x04\x00\x02\x00\x05\x00\x03\x00\x06\x00")),
      ),
    ).toEqual([1, 2, 3, 4, 5, 6]);
    expect(plain(read(array("f2", "<", "K\x04\x85", false, "\x00\x3c\x00\xc0\x01\x00\x00\x7c")))).toEqual([
      1,
      -2,
      2 ** -24,
      Infinity,
    ]);
    expect(plain(read(array("S3", "|", "K\x02\x85", false, "ab\x00xyz")))).toEqual(["ab", "xyz"]);
  });

  it("shared parts stay shared, and a list may hold itself", () => {
    const value = read("]q\x00h\x00a.");
    expect(typeof value === "object" && value?.kind === "list" && value.items[0] === value).toBe(true);
  });

  it.each([
    [
      "a call of a name outside the list",
      "cos\nsystem\n(S'echo no'\ntR.",
      /data-unsafe.*byte 11.*`os\.system`/,
    ],
    ["a name by its parts", "\x80\x04\x8c\x05numpy\x8c\x06memmap\x93.", /data-unsafe.*`numpy\.memmap`/],
    [
      "an array of another class",
      "cnumpy.core.multiarray\n_reconstruct\ncbuiltins\nlist\nK\x00\x85U\x01b\x87R.",
      /Only arrays of the class `numpy\.ndarray`/,
    ],
    [
      "a container made by a call with two arguments",
      "cbuiltins\nlist\n)]\x86R.",
      /The call of `list` has 2 arguments/,
    ],
    ["a state for a list", "]K\x01\x85b.", /gives a list of 0 values a state/],
    ["a call of data", "](tR.", /The pickle calls a list/],
    ["elements of no size", array("S0", "|", "K\x05\x85", false, ""), /elements of no size/],
    ["a key without a value", "(S'a'\nd.", /a key without a value/],
    ["a key that is a list", "}](K\x01tK\x01s.", /data-format/],
    ["no end", "\x80\x02}", /The file is cut short/],
    ["a number of too many digits", `L${"9".repeat(500)}L\n.`, /is no number/],
  ])("%s is refused", async (_, stream, message) => {
    expect((await problemsOf(() => read(stream))).join()).toMatch(message);
  });

  it("bytes kept as Latin-1 text are decoded from any position, across the marks", () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 37 + (index >> 8)) & 255);
    const text = memoryBytes(new TextEncoder().encode(Buffer.from(bytes).toString("latin1")));
    const decoded = latin1Bytes(text);
    expect(decoded?.length).toBe(bytes.length);
    for (const [offset, count] of [
      [0, 10],
      [699_000, 3000],
      [1_398_000, 1_000_000],
      [2_999_990, 10],
    ] as const)
      expect(
        Buffer.compare(
          decoded?.read(offset, count) ?? new Uint8Array(0),
          bytes.subarray(offset, offset + count),
        ),
      ).toBe(0);
    expect(latin1Bytes(memoryBytes(new TextEncoder().encode("a€")))).toBeNull();
  });
});

/** A .npy file, version 1. */
function npy(header: string, data: Uint8Array): Uint8Array {
  const text = header.padEnd(117, " ");
  return Uint8Array.from([0x93, ...latin("NUMPY"), 1, 0, text.length + 1, 0, ...latin(`${text}\n`), ...data]);
}

/** A ZIP archive; members are deflated where asked for, and `size` may lie. */
function zip(
  members: readonly { name: string; data: Uint8Array; deflate?: boolean; size?: number }[],
): Uint8Array {
  const locals: number[] = [];
  const directory: number[] = [];
  const number = (value: number, bytes: number) =>
    Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256);
  for (const { name, data, deflate = false, size = data.length } of members) {
    const packed = deflate ? deflateRawSync(data) : data;
    const common = [
      ...number(deflate ? 8 : 0, 2),
      0,
      0,
      0,
      0,
      ...number(crc32(data), 4),
      ...number(packed.length, 4),
      ...number(size, 4),
      ...number(name.length, 2),
      0,
      0,
    ];
    directory.push(
      0x50,
      0x4b,
      1,
      2,
      20,
      0,
      20,
      0,
      0,
      0,
      ...common,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      ...number(locals.length, 4),
      ...latin(name),
    );
    locals.push(0x50, 0x4b, 3, 4, 20, 0, 0, 0, ...common, ...latin(name), ...packed);
  }
  const end = [
    0x50,
    0x4b,
    5,
    6,
    0,
    0,
    0,
    0,
    ...number(members.length, 2),
    ...number(members.length, 2),
    ...number(directory.length, 4),
    ...number(locals.length, 4),
    0,
    0,
  ];
  return Uint8Array.from([...locals, ...directory, ...end]);
}

describe(".npy and .npz", () => {
  const good = npy(
    "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }",
    Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0),
  );

  it("members are found, stored or deflated, and split names in front of them are understood", () => {
    const path = put(
      folder,
      "a.npz",
      zip([
        { name: "train/x.npy", data: good },
        { name: "test/x.npy", data: good, deflate: true },
      ]),
    );
    const { parts } = npzParts(path);
    expect(parts.map(({ split }) => split)).toEqual(["train", "test"]);
    for (const { columns } of parts) {
      const column = columns.get("x");
      expect(column?.kind === "array" && [...allNumbers(column.array)]).toEqual([1, 2, 3, 4]);
    }
  });

  it("a member that unpacks to more than it claims is refused", async () => {
    const path = put(folder, "b.npz", zip([{ name: "x.npy", data: good, deflate: true, size: 20 }]));
    const open = () => {
      const column = npzParts(path).parts[0]?.columns.get("x");
      return column?.kind === "array" ? column.array.shape : null;
    };
    expect((await problemsOf(open)).join()).toMatch(/data-format.*x\.npy.*does not unpack to the 20 bytes/);
  });

  it.each([
    ["{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), 'more': 1}", /not a literal/],
    ["{'descr': '<i2', 'fortran_order': __import__('os'), 'shape': (2, 2)}", /not a literal/],
    ["{'descr': '<i2', 'fortran_order': False, 'shape': (9, 9)}", /needs 162 bytes; 8 are there/],
    ["{'descr': '<M8', 'fortran_order': False, 'shape': (1,)}", /type `<M8`/],
  ])("header %s", async (header, message) => {
    const bytes = memoryBytes(npy(header, Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0)));
    expect((await problemsOf(() => parseNpy(bytes, { file: "x.npy" }))).join()).toMatch(message);
  });
});
